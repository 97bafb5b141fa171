package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePageIsUpToDate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../" + target)
	require.NoError(t, err)
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	if !bytes.Equal(page(), text) {
		t.Errorf("%s differs from the tables in the code: run go run ./internal/docgen", target)
	}
}

func TestEverySettingIsOnThePageOnce(t *testing.T) {
	t.Parallel()
	text := string(page())
	for _, c := range components {
		c.visit(func(scope, name, _, _, access, doc string) {
			assert.NotEmpty(t, doc, "%s has no description", name)
			found := 0
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, "| "+name+" |") && strings.Contains(line, cell(doc)) {
					found++
				}
			}
			assert.Equal(t, 1, found, "%s %s (%s, %s) is on the page", c.name, name, scope, access)
		})
	}
}

func TestEveryScopeHasASection(t *testing.T) {
	t.Parallel()
	for _, c := range components {
		c.visit(func(scope, name, _, _, _, _ string) {
			has := false
			for _, s := range sections {
				has = has || s.component == c.name && s.scope == scope
			}
			assert.True(t, has, "%s: scope %s of %s", name, scope, c.name)
		})
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ text, want string }{
		{"a|b", `a\|b`},
		{"* is Go's", `\* is Go's`},
		{"<PEM>", "&lt;PEM>"},
		{"two\nlines", "two lines"},
	} {
		assert.Equal(t, row.want, cell(row.text))
	}
	assert.Empty(t, code(""))
	assert.Equal(t, "`*`", code("*"))
}
