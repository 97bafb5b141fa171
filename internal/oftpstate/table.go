package oftpstate

import "strings"

// Reason codes of ESID that the tables name, section 5.3.10.
const (
	reasonNormal         = 0
	reasonNotRecognised  = 1
	reasonProtocol       = 2
	reasonTimeOut        = 9
	reasonIncompatible   = 10
	reasonChallenge      = 11
	reasonAuthentication = 12
	reasonUnspecified    = 99

	// reasonGiven stands for the reason that came with the event.
	reasonGiven = -1
)

// transition is one line of a transition table.
type transition struct {
	when    predicate // nil: always
	do      effect    // nil: nothing but the timer
	out     []Action
	reason  int  // R of ESID and F_ABORT_IND
	distant bool // AO=D
	next    State
}

type (
	predicate func(m *Machine, in Input) bool
	effect    func(m *Machine, in Input)

	// rule is all lines of one transition letter; the first that applies counts.
	rule []transition
)

// and holds when all predicates do.
func and(all ...predicate) predicate {
	return func(m *Machine, in Input) bool {
		for _, holds := range all {
			if !holds(m, in) {
				return false
			}
		}
		return true
	}
}

// abort is the RFC's answer to every fault of the peer: ESID(R) and
// F_ABORT_IND(R,AO=L), then WF_NDISC.
func abort(reason int) transition {
	return transition{out: esidAbort, reason: reason, next: WaitDisconnect}
}

var esidAbort = []Action{SendESID, AbortIND}

// stateTable is one of the five state tables of section 9.
type stateTable struct {
	columns []State // in the order of the RFC
	other   bool    // one more column: all other states
	rows    []row
	letters map[string]rule // the transition table
}

// row is a line of a state table: the event and a transition letter a column.
type row struct {
	events  []Event // several if the RFC does not tell them apart here
	letters string
}

func on(events ...Event) []Event { return events }

// cells is all tables in one, by row and state. A cell that no table has is nil.
type cells [numRows][numStates]rule

// The tables as the RFC has them, and as the machine uses them.
var (
	standard = compile(&connection, &errorAndAbort, &speaker1, &speaker2, &listener)
	actual   = tolerate(standard)
)

// compile joins the tables. What a table says of a state by name goes before
// what another one says of "other states".
func compile(tables ...*stateTable) *cells {
	all := new(cells)
	for _, t := range tables {
		if t.other {
			t.each(func(e Event, letters []string) {
				all.fill(e, t.letters[letters[len(t.columns)]])
			})
		}
	}
	for _, t := range tables {
		t.each(func(e Event, letters []string) {
			for i, s := range t.columns {
				all[e][s] = t.letters[letters[i]]
			}
		})
	}
	return all
}

func (t *stateTable) each(do func(e Event, letters []string)) {
	for _, r := range t.rows {
		letters := strings.Fields(r.letters)
		for _, e := range r.events {
			do(e, letters)
		}
	}
}

func (c *cells) fill(e Event, r rule) {
	for s := range c[e] {
		c[e][s] = r
	}
}
