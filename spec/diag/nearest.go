package diag

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Nearest returns the candidate closest to name, or "" when none is near: within a third of the
// name's length in edits, at least one but not all of it, an exchange of neighbours counting as one edit. Case
// alone is always near. Where several are equally close there is no nearest one: [Near] has them.
func Nearest(name string, candidates []string) string {
	if near := Near(name, candidates); len(near) == 1 {
		return near[0]
	}
	return ""
}

// Near returns the candidates closest to name, sorted: none when none is near, several when no one of
// them is closer than the others.
func Near(name string, candidates []string) []string {
	var best []string
	limit := max(1, len([]rune(name))/3) + 1
	folded := fold(name)
	for _, c := range candidates {
		if c == name {
			continue
		}
		d := distance(folded, fold(c), limit+1)
		switch {
		case d > 0 && d >= len(folded):
		case d < limit:
			best, limit = append(best[:0], c), d
		case d == limit && len(best) > 0:
			best = append(best, c)
		}
	}
	slices.Sort(best)
	return slices.Compact(best)
}

// fold drops case and the separators people confuse, so user_id, userId and user-id are one edit-free family.
func fold(s string) []rune {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		switch {
		case r == '_' || r == '-':
			continue
		case r >= 'A' && r <= 'Z':
			r += 'a' - 'A'
		}
		out = append(out, r)
	}
	return out
}

// distance is the optimal string alignment distance of a and b, or limit when it is not below it.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	prev2 := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return min(prev[len(b)], limit)
}

// Alike returns the candidates with those first that have the most words in common with name, of these the shortest
// ones first; the others stay in their order. Words end where capitals begin, and at what is no letter or digit.
func Alike(name string, candidates []string) []string {
	words := split(name)
	scores := make(map[string]int, len(candidates))
	for _, c := range candidates {
		folded, score := string(fold(c)), 0
		for _, w := range words {
			if strings.Contains(folded, w) {
				score += len(w)
			}
		}
		if score > 0 {
			scores[c] = score*1000 - len(c)
		}
	}
	out := slices.Clone(candidates)
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(scores[b], scores[a]) })
	return out
}

// split lists the words of a name in small letters, without the s of plurals.
func split(name string) (words []string) {
	from := 0
	add := func(to int) {
		if w := strings.TrimSuffix(strings.ToLower(name[from:to]), "s"); len(w) > 1 {
			words = append(words, w)
		}
	}
	before := rune(0)
	for i, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			add(i)
			from = i + utf8.RuneLen(r)
		case unicode.IsUpper(r) && unicode.IsLower(before):
			add(i)
			from = i
		}
		before = r
	}
	add(len(name))
	return words
}
