package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ediport/ediport/internal/trap"
)

// Bool is a setting that is True or False; 1, 0, Yes and No are understood too,
// in any case.
func Bool[T any](name string, def bool, field func(*T) *bool, doc string) Row[T] {
	return Row[T]{
		Name: name, Kind: "True, False", Default: boolText(def), Doc: doc,
		get: func(t *T) string { return boolText(*field(t)) },
		set: func(t *T, value string) error {
			v, err := parseBool(value)
			if err == nil {
				*field(t) = v
			}
			return err
		},
	}
}

// Int is a whole number from low to high.
func Int[T any, N int | int64](name string, def, low, high N, field func(*T) *N, doc string) Row[T] {
	return Row[T]{
		Name: name, Kind: fmt.Sprintf("%d to %d", low, high), Default: fmt.Sprint(def), Doc: doc,
		get: func(t *T) string { return fmt.Sprint(*field(t)) },
		set: func(t *T, value string) error {
			v, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			switch {
			case err != nil:
				return fmt.Errorf("%q is not a whole number", value)
			case v < int64(low) || v > int64(high):
				return fmt.Errorf("%d is outside %d to %d", v, low, high)
			}
			*field(t) = N(v)
			return nil
		},
	}
}

// Choice is one of the numbers of an enumeration; names[i] says what i means,
// "" that i is not a choice. The name is understood as well as the number.
func Choice[T any](name string, def int, names []string, field func(*T) *int, doc string) Row[T] {
	var kinds []string
	for i, n := range names {
		if n != "" {
			kinds = append(kinds, fmt.Sprintf("%d %s", i, n))
		}
	}
	kind := strings.Join(kinds, ", ")
	return Row[T]{
		Name: name, Kind: kind, Default: strconv.Itoa(def), Doc: doc,
		get: func(t *T) string { return strconv.Itoa(*field(t)) },
		set: func(t *T, value string) error {
			value = strings.TrimSpace(value)
			v, err := strconv.Atoi(value)
			if err != nil {
				v = slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, value) })
			}
			if v < 0 || v >= len(names) || names[v] == "" {
				return fmt.Errorf("%q is none of %s", value, kind)
			}
			*field(t) = v
			return nil
		},
	}
}

// Seconds is a duration given in seconds, decimals allowed, 0 for none.
func Seconds[T any](name string, def time.Duration, field func(*T) *time.Duration, doc string) Row[T] {
	return duration(name, "seconds", def, time.Second, field, doc)
}

// Milliseconds is a duration given in milliseconds, 0 for none.
func Milliseconds[T any](name string, def time.Duration, field func(*T) *time.Duration, doc string) Row[T] {
	return duration(name, "milliseconds", def, time.Millisecond, field, doc)
}

func duration[T any](name, kind string, def, unit time.Duration, field func(*T) *time.Duration, doc string) Row[T] {
	return Row[T]{
		Name: name, Kind: kind, Default: durationText(def, unit), Doc: doc,
		get: func(t *T) string { return durationText(*field(t), unit) },
		set: func(t *T, value string) error {
			d, err := parseDuration(value, kind, unit)
			if err == nil {
				*field(t) = d
			}
			return err
		},
	}
}

func durationText(d, unit time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(unit), 'f', -1, 64)
}

func parseDuration(value, kind string, unit time.Duration) (time.Duration, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	// The last test refuses NaN as well as what a Duration cannot hold.
	if err != nil || v < 0 || !(v*float64(unit) < 1<<62) {
		return 0, fmt.Errorf("%q is not a number of %s", value, kind)
	}
	return time.Duration(v * float64(unit)), nil
}

// SecondsOf is [Seconds] for a value that is kept behind methods.
func SecondsOf[T any](name string, get func(*T) time.Duration, set func(*T, time.Duration), doc string) Row[T] {
	return Row[T]{
		Name: name, Kind: "seconds", Doc: doc,
		get: func(t *T) string { return durationText(get(t), time.Second) },
		set: func(t *T, value string) error {
			d, err := parseDuration(value, "seconds", time.Second)
			if err == nil {
				set(t, d)
			}
			return err
		},
	}
}

// Text is free text; check, when not nil, may refuse a value.
func Text[T any](name, def string, field func(*T) *string, check func(string) error, doc string) Row[T] {
	return Row[T]{
		Name: name, Kind: "text", Default: def, Doc: doc,
		get: func(t *T) string { return *field(t) },
		set: func(t *T, value string) error {
			if check != nil {
				if err := check(value); err != nil {
					return err
				}
			}
			*field(t) = value
			return nil
		},
	}
}

// Secret is text that can be set and not read back: reading gives asterisks.
func Secret[T any](name string, field func(*T) *string, check func(string) error, doc string) Row[T] {
	row := Text(name, "", field, check, doc)
	row.get = func(t *T) string { return strings.Repeat("*", min(len(*field(t)), 8)) }
	return row
}

// ReadOnly is a fact that can be asked for.
func ReadOnly[T any](name string, get func(*T) string, doc string) Row[T] {
	return Row[T]{Name: name, Kind: "text", Doc: doc, get: get}
}

// Custom is a setting with its own way of reading and changing.
func Custom[T any](name, kind, def string, get func(*T) string, set func(*T, string) error, doc string) Row[T] {
	return Row[T]{Name: name, Kind: kind, Default: def, Doc: doc, get: get, set: set}
}

// Refused is a documented setting that can mean nothing here. Advice says why
// and what to use instead.
func Refused[T any](name, advice string) Row[T] {
	return Row[T]{Name: name, Doc: advice, refusal: advice}
}

func boolText(v bool) string {
	if v {
		return "True"
	}
	return "False"
}

func parseBool(value string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "true", "1", "yes":
		return true, nil
	case "false", "0", "no":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither True nor False", value)
}

// A Statement is the text given to Config, taken apart.
type Statement struct {
	Name    string
	Index   string // what stands between brackets
	Indexed bool   // whether there are brackets
	Value   string
	Assign  bool // whether there is an equals sign
}

// Parse takes "NAME", "NAME=VALUE", "NAME[index]" or "NAME[index]=VALUE" apart.
// Spaces around the name are ignored, those of the value are kept.
func Parse(text string) (Statement, error) {
	left, value, assign := strings.Cut(text, "=")
	st := Statement{Name: strings.TrimSpace(left), Value: value, Assign: assign}
	if name, index, ok := strings.Cut(st.Name, "["); ok {
		index, closed := strings.CutSuffix(index, "]")
		if !closed {
			return st, trap.New(trap.CodeInvalidArgument, "setting %q: the bracket is not closed", left)
		}
		st.Name, st.Index, st.Indexed = strings.TrimSpace(name), strings.TrimSpace(index), true
	}
	if st.Name == "" {
		return st, trap.New(trap.CodeInvalidArgument, "a setting is NAME, NAME=VALUE or NAME[index]=VALUE")
	}
	return st, nil
}
