package view

import (
	"io"
	"net/url"
	"path"
	"path/filepath"

	"tenon/spec/diag"
	"tenon/spec/source"
)

// The part of SARIF 2.1.0 (OASIS, Static Analysis Results Interchange Format) that is written here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string             `json:"id"`
		Short         sarifText          `json:"shortDescription"`
		Full          sarifText          `json:"fullDescription"`
		Help          sarifText          `json:"help"`
		Configuration sarifConfiguration `json:"defaultConfiguration"`
	}
	sarifConfiguration struct {
		Level diag.Severity `json:"level"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     diag.Severity   `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
		Fixes     []sarifFix      `json:"fixes,omitempty"`
	}
	sarifLocation struct {
		ID       *int           `json:"id,omitempty"`
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifFix struct {
		Description sarifText     `json:"description"`
		Changes     []sarifChange `json:"artifactChanges"`
	}
	sarifChange struct {
		Artifact     sarifArtifact      `json:"artifactLocation"`
		Replacements []sarifReplacement `json:"replacements"`
	}
	sarifReplacement struct {
		Deleted  sarifRegion `json:"deletedRegion"`
		Inserted sarifText   `json:"insertedContent"`
	}
)

// SARIF writes every finding, notes included, as a SARIF 2.1.0 log, with the metadata of all rules.
// Columns count code points.
func (f Findings) SARIF(w io.Writer, version string, rules []*diag.Rule) error {
	driver := sarifDriver{Name: "tenon", Version: version, Rules: []sarifRule{}}
	index := map[*diag.Rule]int{}
	for i, r := range rules {
		index[r] = i
		driver.Rules = append(driver.Rules, sarifRule{
			ID: r.Name, Short: sarifText{Text: r.Title + "."}, Full: sarifText{Text: r.Explain},
			Help:          sarifText{Text: r.Explain, Markdown: r.Explain + "\n\n`tenon explain " + r.Name + "` shows an example of each side."},
			Configuration: sarifConfiguration{r.Severity},
		})
	}
	run := sarifRun{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	for _, d := range f.List {
		run.Results = append(run.Results, f.sarifResult(d, index[d.Rule]))
	}
	return JSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func (f Findings) sarifResult(d *diag.Diagnostic, rule int) sarifResult {
	out := sarifResult{RuleID: d.Rule.Name, RuleIndex: rule, Level: d.Severity, Message: sarifText{Text: d.Message}, Locations: []sarifLocation{}}
	if d.Detail != "" {
		out.Message.Text += "\n" + d.Detail
	}
	if !d.Range.IsZero() {
		out.Locations = append(out.Locations, sarifLocation{Physical: f.physical(d.Range)})
	}
	for i, r := range d.Related {
		out.Related = append(out.Related, sarifLocation{ID: &i, Physical: f.physical(r.Range), Message: &sarifText{Text: r.Message}})
	}
	if d.Fix != nil {
		if region := f.region(d.Fix.Range); region != nil {
			out.Fixes = []sarifFix{{
				Description: sarifText{Text: "Mends " + d.Rule.Name + "."},
				Changes:     []sarifChange{{f.artifact(d.Fix.Range), []sarifReplacement{{*region, sarifText{Text: d.Fix.New}}}}},
			}}
		}
	}
	return out
}

func (f Findings) physical(r source.Range) *sarifPhysical {
	return &sarifPhysical{f.artifact(r), f.region(r)}
}

// artifact names a file by a URI reference, relative to the working directory where the project's own
// directory was given so.
func (f Findings) artifact(r source.Range) sarifArtifact {
	u := url.URL{Path: path.Join(filepath.ToSlash(f.Dir), r.File)}
	if path.IsAbs(u.Path) {
		u.Scheme = "file"
	}
	return sarifArtifact{u.String()}
}

func (f Findings) region(r source.Range) *sarifRegion {
	start, end := f.ends(r)
	if start == nil {
		return nil
	}
	return &sarifRegion{start.Line, start.Column, end.Line, end.Column}
}
