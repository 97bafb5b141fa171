package measure

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// A Column is one figure of a [Sheet].
type Column struct {
	Name   string // with its unit
	Digits int    // after the point
	Ratio  bool   // a column with the ratio to the base follows
}

// A Sheet collects the figures of one measurement: rounds of cases and kinds.
type Sheet struct {
	Title   string
	Columns []Column

	// Base names the kind that a kind is compared with.
	Base func(kind string) string

	rows   []row // in the order in which they came first
	rounds map[row][][]float64
}

type row struct{ what, kind string }

// Add adds a round: one value for each column.
func (s *Sheet) Add(what, kind string, values ...float64) {
	if s.rounds == nil {
		s.rounds = map[row][][]float64{}
	}
	r := row{what, kind}
	if _, known := s.rounds[r]; !known {
		s.rows = append(s.rows, r)
	}
	s.rounds[r] = append(s.rounds[r], values)
}

// Cases are what has been measured of that kind, in the order in which it came.
func (s *Sheet) Cases(kind string) (names []string) {
	for _, r := range s.rows {
		if r.kind == kind {
			names = append(names, r.what)
		}
	}
	return names
}

// Value is the median of a figure over all rounds; NaN when there are none.
func (s *Sheet) Value(what, kind, column string) float64 {
	var values []float64
	for _, round := range s.rounds[row{what, kind}] {
		values = append(values, round[s.index(column)])
	}
	return Median(values)
}

// Ratio is the median of a figure's ratios to that of the base in the same
// round; NaN when there are none.
func (s *Sheet) Ratio(what, kind, column string) float64 {
	at := s.index(column)
	base := s.rounds[row{what, s.Base(kind)}]
	var ratios []float64
	for i, round := range s.rounds[row{what, kind}] {
		if i < len(base) && base[i][at] != 0 {
			ratios = append(ratios, round[at]/base[i][at])
		}
	}
	return Median(ratios)
}

// index is where a column stands: a name that there is not is a mistake in the
// program.
func (s *Sheet) index(column string) int {
	for i, c := range s.Columns {
		if c.Name == column {
			return i
		}
	}
	panic(fmt.Sprintf("%s has no column %q", s.Title, column))
}

// Write writes the sheet as a Markdown table under its title.
func (s *Sheet) Write(w io.Writer) error {
	head := []string{"case", "kind"}
	for _, c := range s.Columns {
		head = append(head, c.Name)
		if c.Ratio {
			head = append(head, "ratio")
		}
	}
	var lines [][]string
	for _, r := range s.rows {
		line := []string{r.what, r.kind}
		for _, c := range s.Columns {
			line = append(line, Number(s.Value(r.what, r.kind, c.Name), c.Digits))
			if c.Ratio {
				line = append(line, Number(s.Ratio(r.what, r.kind, c.Name), 2))
			}
		}
		lines = append(lines, line)
	}
	return Table(w, s.Title, head, lines)
}

// Number is a value with so many digits after the point, and "-" for none.
func Number(v float64, digits int) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// Table writes a Markdown table under a heading.
func Table(w io.Writer, title string, head []string, lines [][]string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n| %s |\n|%s\n", title, strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, line := range lines {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
