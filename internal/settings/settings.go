// Package settings is the table behind Config("NAME[index]=VALUE").
//
// Every setting of a component is one [Row]: its name, kind, default, limits,
// how to read and how to change it, and one line for people. A setting that the
// original component documents but that can mean nothing in Go is a row too: it
// is known by name and refused with advice. Nothing is ever accepted and ignored.
package settings

import (
	"errors"
	"strings"

	"github.com/ediport/ediport/internal/trap"
)

// A Row describes one setting whose value lives in a T. Rows are made by the
// constructors of this package ([Bool], [Int], [Text] ...).
type Row[T any] struct {
	Name    string // as documented; matched without regard to case
	Kind    string // for people: "True, False", "seconds", "1 to 1000" ...
	Default string // as text, "" where there is none
	Doc     string // one line

	// Frozen, when not 0, is the code of the error that a change meets while
	// the server is listening.
	Frozen int

	get     func(*T) string
	set     func(*T, string) error // nil: read only
	refusal string                 // not empty: known, and refused with this advice
}

// FrozenBy returns the row as one that cannot change while the server is
// listening; the attempt fails with the given code.
func (r Row[T]) FrozenBy(code int) Row[T] {
	r.Frozen = code
	return r
}

// Access tells people what can be done with the setting.
func (r Row[T]) Access() string {
	switch {
	case r.refusal != "":
		return "refused"
	case r.set == nil:
		return "read"
	case r.Frozen != 0:
		return "read, write before listening"
	}
	return "read, write"
}

// Refusal is the advice given to those who use a setting that means nothing
// here, "" for all others.
func (r Row[T]) Refusal() string { return r.refusal }

// A Table holds the rows of one scope of one component.
type Table[T any] struct {
	rows   []Row[T]
	byName map[string]int
}

// NewTable returns a table of the given rows. It panics when two rows have one
// name: that is a mistake in the program, found by the first test.
func NewTable[T any](rows ...Row[T]) *Table[T] {
	t := &Table[T]{rows: rows, byName: make(map[string]int, len(rows))}
	for i, row := range rows {
		key := strings.ToLower(row.Name)
		if _, twice := t.byName[key]; twice {
			panic("settings: two rows named " + row.Name)
		}
		t.byName[key] = i
	}
	return t
}

// Rows returns the table's rows in the order they were declared.
func (t *Table[T]) Rows() []Row[T] { return t.rows }

// Has reports whether the table knows a setting of that name.
func (t *Table[T]) Has(name string) bool {
	_, ok := t.byName[strings.ToLower(name)]
	return ok
}

// Defaults puts every setting that has a default to it.
func (t *Table[T]) Defaults(target *T) {
	for _, row := range t.rows {
		if row.set == nil || row.refusal != "" {
			continue
		}
		if err := row.set(target, row.Default); err != nil {
			panic("settings: default of " + row.Name + ": " + err.Error())
		}
	}
}

// Get returns the value of a setting as text.
func (t *Table[T]) Get(target *T, name string) (string, error) {
	row, err := t.row(name)
	if err != nil {
		return "", err
	}
	return row.get(target), nil
}

// Set changes a setting. A value that does not fit leaves it as it was.
func (t *Table[T]) Set(target *T, name, value string) error {
	row, err := t.row(name)
	if err != nil {
		return err
	}
	return row.change(target, value)
}

func (r Row[T]) change(target *T, value string) error {
	if r.set == nil {
		return trap.New(trap.CodeInvalidArgument, "setting %s can only be read", r.Name)
	}
	err := r.set(target, value)
	var named *trap.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &named) && strings.HasPrefix(named.Message, r.Name):
		return err // it names the setting already
	}
	return trap.Wrap(trap.CodeInvalidArgument, err, "setting "+r.Name)
}

func (t *Table[T]) row(name string) (Row[T], error) {
	i, ok := t.byName[strings.ToLower(name)]
	if !ok {
		return Row[T]{}, Unknown(name)
	}
	row := t.rows[i]
	if row.refusal != "" {
		return row, trap.New(trap.CodeNotSupported, "setting %s has no meaning here: %s", row.Name, row.refusal)
	}
	return row, nil
}

// Unknown is the error for a setting that no table has.
func Unknown(name string) error {
	return trap.New(trap.CodeInvalidArgument, "unknown setting %q: the settings are listed in docs/settings.md", name)
}
