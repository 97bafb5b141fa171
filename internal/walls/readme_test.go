package walls

import (
	"encoding/json"
	"go/format"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goBlock is a piece of Go in a text; the first of the README is a program.
var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

func TestTheProgramOfTheReadmeCompiles(t *testing.T) {
	t.Parallel()
	found := goBlock.FindSubmatch(read(t, "README.md"))
	require.NotNil(t, found, "README.md has a program")
	formatted, err := format.Source(found[1])
	require.NoError(t, err)
	assert.Equal(t, string(formatted), string(found[1]), "the program is written as gofmt writes it")

	// The overlay makes the text a package of this module without a file in it.
	dir := t.TempDir()
	program := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(program, found[1], 0o600))
	place, err := filepath.Abs(filepath.Join(root, "examples", "readme", "main.go"))
	require.NoError(t, err)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{place: program}})
	require.NoError(t, err)
	list := filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(list, overlay, 0o600))

	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", list, "-o", filepath.Join(dir, "program"), "./examples/readme")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// link is a link of Markdown; runs is a program that a text tells people to run.
var (
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	runs = regexp.MustCompile(`go run \./([\w/]+)`)
)

func TestTextsPointAtWhatExists(t *testing.T) {
	t.Parallel()
	require.NoError(t, walk(func(name string) error {
		if path.Ext(name) != ".md" {
			return nil
		}
		text := string(read(t, name))
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			target, err := url.Parse(m[1])
			if !assert.NoError(t, err, "%s", name) || target.IsAbs() {
				continue
			}
			file := path.Join(path.Dir(name), target.Path)
			if target.Path == "" {
				file = name
			}
			if assert.FileExists(t, filepath.Join(root, file), "%s: %s", name, m[1]) && target.Fragment != "" {
				assert.Contains(t, anchors(string(read(t, file))), target.Fragment, "%s: %s", name, m[1])
			}
		}
		for _, m := range runs.FindAllStringSubmatch(text, -1) {
			assert.DirExists(t, filepath.Join(root, m[1]), "%s: %s", name, m[0])
		}
		return nil
	}))
}

// anchors are the names by which the headings of a text can be linked to.
func anchors(text string) (names []string) {
	for line := range strings.Lines(text) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		names = append(names, strings.ReplaceAll(strings.ToLower(strings.TrimSpace(title)), " ", "-"))
	}
	return names
}
