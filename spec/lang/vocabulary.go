package lang

import (
	"strings"
	"sync"
)

// File is the root of the vocabulary: what may stand in a file, outside of any block.
var File = assemble()

// assemble puts the blocks inside each other. It is a function because steps nest without end.
func assemble() *Block {
	items := []*Block{step, forEach, switchBlock, parallel}
	step.Blocks = []*Block{paginate, repeat, retry, check, catch, recoverBlock, undo}
	forEach.Blocks = append(items[:len(items):len(items)], aggregate)
	switchBlock.Blocks = []*Block{caseBlock, defaultBlock}
	caseBlock.Blocks = items
	defaultBlock.Blocks = items
	parallel.Blocks = items
	onFailure.Blocks = items
	integration.Blocks = append([]*Block{input, stateBlock, trigger}, append(items[:len(items):len(items)], onFailure, output)...)
	trigger.Blocks = []*Block{verify, challenge, respond, auth, limit}
	api.Blocks = []*Block{auth, tls, limit, retry, idempotency, operation}
	expect.Blocks = []*Block{check}
	test.Blocks = []*Block{mock, expect}
	return &Block{
		Name:   "file",
		Blocks: []*Block{api, schema, variable, secret, mapping, integration},
		Doc:    "All files of a project whose names end in .hcl, in any order; tests stand in files of their own.",
	}
}

// FileOf is the root of the vocabulary for the file called name.
func FileOf(name string) *Block {
	if strings.HasSuffix(name, TestSuffix) {
		return TestFile
	}
	return File
}

// Blocks returns every block type once, each after those it may stand in, as far as they do not nest.
var Blocks = sync.OnceValue(func() []*Block {
	var out []*Block
	seen := map[*Block]bool{}
	for next := []*Block{File, TestFile}; len(next) > 0; next = next[1:] {
		for _, b := range next[0].Blocks {
			if !seen[b] {
				seen[b] = true
				out = append(out, b)
				next = append(next, b)
			}
		}
	}
	return out
})
