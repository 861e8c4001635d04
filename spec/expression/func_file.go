package expression

import (
	"strings"

	"tenon/spec/types"
)

// Files are values that only requests can take: they are read when they are sent, so that their size does not
// matter. The functions here do no more than name them.
func fileFunctions() []*Function {
	return []*Function{
		{Signature: "open(path string) file", Doc: "The file at a path in the project's directory, which is read when it is sent: as a whole body, or as a part of a multipart body. It may be of any size.", Pure: true,
			Examples: ex(`type(open("scans/1.pdf"))`, `"file"`), prim: primitive{one: func(v any) any { return openFile(mustText(v)) }}},
		{Signature: "attach(content string|bytes|file, name string, content_type? string, headers? object) file", Doc: "The content as a file of a multipart body, with its name and, if they are given, its media type and further headers of its part.", Pure: true,
			Examples: ex(`type(attach("a,b\n1,2\n", "table.csv", "text/csv"))`, `"file"`), prim: primitive{many: func(_ *frame, a []any) any { return attach(a) }}},
	}
}

func openFile(name string) any {
	if name == "" || strings.ContainsRune(name, 0) {
		fail("a file needs a path")
	}
	f := &types.FileValue{Name: baseName(name), Path: name}
	if i := strings.LastIndexByte(f.Name, '.'); i >= 0 {
		f.ContentType = typeByName[strings.ToLower(f.Name[i:])]
	}
	return f
}

// baseName is the name of a file without its directory, however that is separated.
func baseName(name string) string { return name[strings.LastIndexAny(name, `/\`)+1:] }

// typeByName are media types of files whose names end so. (What a machine would say of a name differs from one to the next.)
var typeByName = map[string]string{
	".csv": "text/csv", ".gif": "image/gif", ".gz": "application/gzip", ".html": "text/html", ".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".json": "application/json",
	".mp3": "audio/mpeg", ".mp4": "video/mp4", ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml", ".txt": "text/plain", ".webp": "image/webp", ".xml": "application/xml", ".zip": "application/zip",
}

func attach(a []any) any {
	f := &types.FileValue{Content: a[0]}
	if given, ok := a[0].(*types.FileValue); ok {
		copied := *given
		f = &copied
	}
	f.Name = baseName(mustText(a[1]))
	if len(a) > 2 {
		f.ContentType = mustText(a[2])
	}
	if len(a) > 3 {
		f.Header = map[string]string{}
		for name, v := range mustObject(a[3]) {
			f.Header[name] = mustText(v)
		}
	}
	return f
}
