package walls

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/ediport/ediport"
	root   = "../.."
)

// A source is one Go file of the module, whatever system it is built for.
type source struct {
	path string // from the root, with slashes
	dir  string // the package, from the root
	test bool
	ast  *ast.File
}

// sources parses every Go file once.
func sources(t *testing.T) []source {
	t.Helper()
	files, err := parsed()
	require.NoError(t, err)
	return files
}

var parsed = sync.OnceValues(func() (files []source, err error) {
	fset := token.NewFileSet()
	err = walk(func(name string) error {
		if path.Ext(name) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(fset, filepath.Join(root, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, source{name, path.Dir(name), strings.HasSuffix(name, "_test.go"), file})
		return nil
	})
	return files, err
})

// walk visits the files of the module. What testdata holds is nobody's code, but
// is ours to keep clean.
func walk(visit func(name string) error) error {
	return fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name == ".git":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		return visit(name)
	})
}

func (f source) imports() (paths []string) {
	for _, spec := range f.ast.Imports {
		name, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
		paths = append(paths, name)
	}
	return paths
}

// command reports whether the file belongs to a program, whose names nobody
// imports.
func (f source) command() bool { return f.ast.Name.Name == "main" }

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
}
