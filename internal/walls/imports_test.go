package walls

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Lists that several rooms share.
var (
	nothing = []string{}
	onlyErr = []string{"internal/trap"}
	public  = []string{"certstore", "certstore/pkcs11", "oftp", "tcpserver"}
)

// rooms says of each package which others of ours its code may import; the
// last element of a path may be *. A package without a row is an error: whoever
// adds one decides here where it stands. Imports run downwards only, so no row
// names a package above its own.
var rooms = map[string][]string{
	// Examples are what users could write: nothing internal of the library.
	"examples":            nothing, // tests of the programs
	"examples/*":          slices.Concat(public, []string{"examples/internal/*"}),
	"examples/internal/*": public,

	"internal/docgen": {"oftp", "tcpserver"},
	"internal/walls":  nothing,

	// Benchmarks against others are a module of their own.
	"internal/bench/measure": nothing,
	"internal/bench/tcp":     {"certstore", "internal/bench/measure", "tcpserver"},

	// Protocols: they know the core and their own rooms, and not one another.
	"oftp": {
		"certstore", "tcpserver",
		"internal/datefmt", "internal/oftpfile", "internal/oftpstate", "internal/oftpwire",
		"internal/settings", "internal/trap", "internal/trust",
	},

	"tcpserver": {
		"certstore",
		"internal/codepage", "internal/dispatch", "internal/park", "internal/proxyhead", "internal/settings", "internal/split",
		"internal/tlsconf", "internal/trap", "internal/trust",
	},
	"certstore/pkcs11": {"certstore", "internal/devicekey", "internal/trap"},
	"certstore":        {"internal/ber", "internal/devicekey", "internal/keystore", "internal/pbe", "internal/trap"},

	// Rooms with files or sockets, and none of the protocol's secrets.
	"internal/oftpfile":            {"internal/datefmt", "internal/oftpwire", "internal/trap"},
	"internal/tlsconf":             {"internal/trap", "internal/trust"},   // takes crypto/tls and x509 values, never certstore's
	"internal/trust":               onlyErr,                               // takes crypto/x509 values, never certstore's
	"internal/trust/trusttest":     {"internal/needs"},                    // makes what tests of others need
	"internal/journal/journaltest": {"internal/journal", "internal/trap"}, // what every implementation must pass
	"internal/proxyhead":           onlyErr,
	"internal/journal":             onlyErr,
	"internal/park":                nothing,

	// Codecs and machines: octets or events, no I/O.
	"internal/oftpwire":  onlyErr,
	"internal/oftpstate": nothing,
	"internal/datefmt":   onlyErr,
	"internal/keystore":  {"internal/ber", "internal/pbe", "internal/trap"},
	"internal/devicekey": nothing, // what a device computes comes in as an interface
	"internal/pbe":       onlyErr,
	"internal/cms":       {"internal/ber"},
	"internal/ber":       nothing,
	"internal/split":     nothing,
	"internal/codepage":  onlyErr,

	// The ground floor.
	"internal/settings": onlyErr,
	"internal/dispatch": onlyErr,
	"internal/trap":     nothing,
	"internal/needs":    nothing, // what tests need of their machine
}

// modules says which modules of others the code may import, and the tests.
// docs/dependencies.md says why.
var modules = map[string][]string{
	"code": {"github.com/klauspost/compress", "github.com/miekg/pkcs11", "github.com/pires/go-proxyproto", "go.etcd.io/bbolt", "golang.org/x/crypto", "golang.org/x/sys", "golang.org/x/text"},
	"tests": {
		"github.com/miekg/pkcs11", "github.com/stretchr/testify", "go.etcd.io/bbolt", "go.mozilla.org/pkcs7", "go.uber.org/goleak", "golang.org/x/crypto", "golang.org/x/sys",
		"software.sslmate.com/src/go-pkcs12",
	},
	"bench": {"github.com/panjf2000/gnet/v2", "github.com/stretchr/testify", "golang.org/x/sys"},
}

// pure are the rooms that do no I/O: what they compute from is given to them.
var (
	pure = []string{"internal/oftpwire", "internal/oftpstate", "internal/pbe", "internal/ber"}
	io   = []string{"net", "os", "time", "log", "syscall", "io/fs", "path/filepath"}
)

func TestImportsRunDownwards(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range sources(t) {
		room := row(f.dir)
		seen[room] = true
		allowed, known := rooms[room]
		if !assert.True(t, known, "%s: the package has no row in rooms", f.dir) || f.test {
			continue
		}
		for _, name := range f.imports() {
			if ours, ok := strings.CutPrefix(name, module+"/"); ok {
				assert.Contains(t, allowed, row(ours), "%s imports %s", f.path, ours)
			}
		}
	}
	for room := range rooms {
		assert.True(t, seen[room] || strings.HasSuffix(room, "/*"), "rooms has a row for %s, which does not exist", room)
	}
}

func TestTheTableOfRoomsHasNoUpwardRow(t *testing.T) {
	t.Parallel()
	// A cycle of rows would say nothing about up and down.
	var climb func(room string, path []string)
	climb = func(room string, path []string) {
		if !assert.NotContains(t, path, room, "rows lead in a circle") {
			return
		}
		for _, next := range rooms[room] {
			climb(next, append(path, room))
		}
	}
	for _, room := range slices.Sorted(maps.Keys(rooms)) {
		climb(room, nil)
		if !strings.HasPrefix(room, "internal/") || room == "internal/docgen" || strings.HasPrefix(room, "internal/bench/") {
			continue
		}
		for _, below := range rooms[room] {
			assert.True(t, strings.HasPrefix(below, "internal/"), "%s may not import %s: public packages stand above", room, below)
		}
	}
}

func TestModulesOfOthers(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		allowed := modules["code"]
		switch {
		case strings.HasPrefix(f.dir, "internal/bench/"):
			allowed = modules["bench"]
		case f.test:
			allowed = modules["tests"]
		}
		for _, name := range f.imports() {
			first, _, _ := strings.Cut(name, "/")
			if !strings.Contains(first, ".") || name == module || strings.HasPrefix(name, module+"/") {
				continue // the standard library has no dot there
			}
			known := slices.ContainsFunc(allowed, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") })
			assert.True(t, known, "%s imports %s: see docs/dependencies.md", f.path, name)
		}
	}
}

func TestPureRoomsDoNoIO(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if f.test || !slices.Contains(pure, f.dir) {
			continue
		}
		for _, name := range f.imports() {
			assert.NotContains(t, io, name, "%s imports it", f.path)
		}
	}
}

// row is the key in rooms for the package of a directory.
func row(dir string) string {
	parent, _ := path.Split(dir)
	if parent == "examples/" || parent == "examples/internal/" {
		return parent + "*"
	}
	return dir
}
