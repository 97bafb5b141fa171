package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ediport/ediport/oftp"
	"github.com/ediport/ediport/tcpserver"
)

// A row is one setting as its table describes it.
type row struct {
	name, kind, def, access, doc string
}

// refused is the access of settings that can mean nothing here.
const refused = "refused"

// A component is a package with settings.
type component struct {
	name  string
	visit func(func(scope, name, kind, def, access, doc string))
}

var components = []component{
	{"oftp", oftp.Settings},
	{"tcpserver", tcpserver.Settings},
}

// A section is one table of the page.
type section struct {
	component, scope string
	title, about     string
}

var sections = []section{
	{"oftp", "server", "OFTP: a server or client",
		"`srv.Config(\"NAME=VALUE\")`; `oftp.Client` has the same."},
	{"oftp", "connection", "OFTP: a connection",
		"`NAME[ConnectionID]=VALUE` changes one connection, `NAME=VALUE` what new ones start with. " +
			"`ServerPassword`, `ServerSFIDCode` and `ServerSSIDCode` are properties of the server, so they have the first form only."},
	{"oftp", "fact", "OFTP: facts about a connection",
		"`NAME[ConnectionID]`, to be read."},
	{"tcpserver", "component", "TCP: a server",
		"`srv.Config(\"NAME=VALUE\")` of a `tcpserver.Server`, besides those of all servers."},
	{"tcpserver", "server", "All servers",
		"They belong to the core under every server, and to its clients where they can mean something there."},
	{"tcpserver", "connection", "All connections",
		"`NAME[ConnectionID]` or `NAME[ConnectionID]=VALUE`."},
}

const head = `# Settings

<!-- Written by "go run ./internal/docgen" from the tables in the code. Do not edit. -->

A setting is read with ` + "`Config(\"NAME\")`" + ` and changed with ` + "`Config(\"NAME=VALUE\")`" + `; one of a connection has its
ConnectionID in brackets. Names are understood in any case. An unknown name, a value that does not fit and a connection
that does not exist are errors, and nothing is changed then. True and False may also be written 1 and 0, Yes and No.

"Before listening" means that the setting cannot change while the server listens. Properties (fields of the server
such as LocalPort) are not settings: see the documentation of the packages.
`

const refusals = `
## Known, but not possible

The component's documents have these settings too. Here each is an error with code 10045, which says what is written
below; none is accepted and ignored.

| Name | Package | Why, and what to do instead |
|---|---|---|
`

// page is the text of docs/settings.md.
func page() []byte {
	var b bytes.Buffer
	b.WriteString(head)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", s.title, s.about)
		b.WriteString("| Name | Values | Default | Access | Meaning |\n|---|---|---|---|---|\n")
		for _, r := range rows(s.component, s.scope) {
			if r.access != refused {
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.name, cell(r.kind), code(r.def), r.access, cell(r.doc))
			}
		}
	}
	b.WriteString(refusals)
	for _, c := range components {
		for _, r := range rows(c.name, "") {
			if r.access == refused {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", r.name, c.name, cell(r.doc))
			}
		}
	}
	return b.Bytes()
}

// rows returns the settings of a component by name; those of all scopes if
// scope is empty.
func rows(name, scope string) (all []row) {
	for _, c := range components {
		if c.name != name {
			continue
		}
		c.visit(func(where, name, kind, def, access, doc string) {
			if scope == "" || where == scope {
				all = append(all, row{name, kind, def, access, doc})
			}
		})
	}
	slices.SortFunc(all, func(a, b row) int {
		return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
	})
	return all
}

// cell makes text fit for a table of Markdown.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;", "\n", " ").Replace(text)
}

// code shows a value as it is written; nothing for an empty one.
func code(value string) string {
	if value == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(value, "|", `\|`) + "`"
}
