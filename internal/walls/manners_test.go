package walls

import (
	"bytes"
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// longest is how many lines a file may have.
const longest = 800

func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	commented := map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		doc := f.ast.Doc.Text()
		want := "Package " + f.ast.Name.Name + " "
		if f.command() {
			name := path.Base(f.dir)
			want = strings.ToUpper(name[:1]) + name[1:] + " "
		}
		if doc != "" {
			assert.True(t, strings.HasPrefix(doc, want), "%s: the comment of the package begins with %q", f.path, want)
		}
		commented[f.dir] = commented[f.dir] || doc != ""
	}
	for dir, yes := range commented {
		assert.True(t, yes, "%s has no package comment", dir)
	}
}

func TestEveryExportedNameHasAComment(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if f.test || f.command() {
			continue
		}
		for _, decl := range f.ast.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s has no comment", f.path, name)
			}
		}
	}
}

// undocumented returns the exported names of a declaration that nothing is
// said about. A comment over a group speaks for its constants and variables.
func undocumented(decl ast.Decl) (names []string) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Doc == nil && decl.Name.IsExported() && ast.IsExported(receiver(decl)) {
			names = append(names, decl.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && spec.Doc == nil && (decl.Doc == nil || decl.Lparen.IsValid()) {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				if decl.Doc != nil || spec.Doc != nil || spec.Comment != nil {
					continue
				}
				for _, name := range spec.Names {
					if name.IsExported() {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// receiver is the name of the type that a method belongs to, "Func" for what is
// no method.
func receiver(decl *ast.FuncDecl) string {
	if decl.Recv == nil {
		return "Func"
	}
	expr := decl.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return fmt.Sprintf("%T", expr)
		}
	}
}

func TestEveryPublicPackageHasAnExample(t *testing.T) {
	t.Parallel()
	for _, pkg := range public {
		assert.True(t, slices.ContainsFunc(sources(t), func(f source) bool {
			return f.dir == pkg && f.test && slices.ContainsFunc(f.ast.Decls, isExample)
		}), "%s has no Example", pkg)
	}
}

func isExample(decl ast.Decl) bool {
	f, ok := decl.(*ast.FuncDecl)
	return ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Example")
}

func TestNoFileIsTooLong(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		lines := bytes.Count(read(t, f.path), []byte("\n"))
		assert.LessOrEqual(t, lines, longest, "%s: lines", f.path)
	}
}

// homes are folders that people and build machines have.
var homes = regexp.MustCompile(`/(home|Users)/[a-z]\w*/|/root/|/work/|[A-Z]:\\Users\\`)

func TestNoFileNamesAFolderOfTheBuildMachine(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	self := "internal/walls/manners_test.go"
	require.NoError(t, walk(func(name string) error {
		if name == self {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		assert.NotContains(t, string(text), here, "%s", name)
		assert.Empty(t, string(homes.Find(text)), "%s names a folder of a machine", name)
		return nil
	}))
}

func TestNothingIsLeftToDo(t *testing.T) {
	t.Parallel()
	mark := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for _, f := range sources(t) {
		for _, group := range f.ast.Comments {
			assert.Empty(t, mark.FindString(group.Text()), "%s", f.path)
		}
	}
}
