package oftpstate

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rfcTable is a state table as testdata/rfc5024-section9.txt has it: taken from
// the RFC by a program, so that it shares no typing error with ours.
type rfcTable struct {
	section string
	columns []string
	rows    []rfcRow
}

type rfcRow struct {
	event   string
	letters []string
}

func readRFC(t *testing.T) (tables []rfcTable) {
	t.Helper()
	f, err := os.Open("testdata/rfc5024-section9.txt")
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "table":
			tables = append(tables, rfcTable{section: words[1], columns: words[2:]})
		default:
			last := &tables[len(tables)-1]
			last.rows = append(last.rows, rfcRow{event: words[0], letters: words[1:]})
		}
	}
	require.NoError(t, lines.Err())
	require.Len(t, tables, 5)
	return tables
}

var ourTables = map[string]*stateTable{
	"9.8":  &connection,
	"9.9":  &errorAndAbort,
	"9.10": &speaker1,
	"9.11": &speaker2,
	"9.12": &listener,
}

// rfcEvents are the rows that the RFC names otherwise than Event.String does.
var rfcEvents = map[string][]Event{
	"Invalid_Buffer":  {InvalidBuffer},
	"F_REL_RQ(Ok)":    {ReleaseRQ},
	"F_REL_RQ(Err)":   {releaseError},
	"F_START_FILE_RS": {StartFileRSPositive, StartFileRSNegative},
	"F_CLOSE_FILE_RS": {CloseFileRSPositive, CloseFileRSNegative},
	"ESID_R=Normal":   {esidNormal},
	"ESID_R=Error":    {ESID},
}

func eventsNamed(section, name string) []Event {
	if section == "9.8" && name == "ESID" {
		return []Event{ESID, esidNormal}
	}
	if es, ok := rfcEvents[name]; ok {
		return es
	}
	return []Event{Event(slices.Index(eventNames[:], name))}
}

func TestStateTablesAreTheRFCs(t *testing.T) {
	t.Parallel()
	for _, theirs := range readRFC(t) {
		ours := ourTables[theirs.section]
		var columns []string
		for _, s := range ours.columns {
			columns = append(columns, s.String())
		}
		if ours.other {
			columns = append(columns, "*")
		}
		assert.Equal(t, theirs.columns, columns, "columns of %s", theirs.section)
		require.Len(t, ours.rows, len(theirs.rows), "rows of %s", theirs.section)
		for i, r := range theirs.rows {
			assert.Equal(t, eventsNamed(theirs.section, r.event), ours.rows[i].events, "row %d of %s", i, theirs.section)
			assert.Equal(t, r.letters, strings.Fields(ours.rows[i].letters), "%s in %s", r.event, theirs.section)
		}
	}
}

// every letter used has a transition, every transition is used.
func TestTransitionLetters(t *testing.T) {
	t.Parallel()
	for section, table := range ourTables {
		used := map[string]bool{}
		for _, r := range table.rows {
			for _, letter := range strings.Fields(r.letters) {
				used[letter] = true
				assert.NotEmpty(t, table.letters[letter], "letter %s of %s", letter, section)
			}
		}
		for letter := range table.letters {
			assert.True(t, used[letter], "letter %s of %s is not used", letter, section)
		}
	}
}

// usual is a machine in the middle of a session: credit 3, restart position 10.
func usual(s State) *Machine {
	m := New(typical, false)
	m.state, m.used = s, true
	m.peer = typical
	m.restart, m.creditS, m.creditL = 10, 3, 3
	return m
}

var typical = Parameters{Level: 5, BufferSize: 4096, Credit: 3, Restart: true}

// outcome writes what happened in the RFC's terms, such as
// "ESID(R=02) F_ABORT_IND(R=02,AO=L) WF_NDISC".
func outcome(m *Machine, step Step, err error) string {
	if err != nil {
		return "UE"
	}
	origin := map[bool]string{false: "L", true: "D"}[step.ByPeer]
	var words []string
	for _, a := range step.Actions {
		word := a.String()
		switch a {
		case SendESID:
			word += fmt.Sprintf("(R=%02d)", step.Reason)
		case AbortIND:
			word += fmt.Sprintf("(R=%02d,AO=%s)", step.Reason, origin)
		}
		words = append(words, word)
	}
	return strings.Join(append(words, m.state.String()), " ")
}

// line is what one predicate row of a transition table must come to.
type line struct {
	letter string
	only   []Event        // the events it applies to, nil for all of the letter
	setup  func(*Machine) // nil for the usual machine
	in     Input          // parameters of the event
	want   string
}

const protocolError = "ESID(R=02) F_ABORT_IND(R=02,AO=L) WF_NDISC"

var rfcLines = map[string][]line{
	"9.8": {
		{letter: "A", in: Input{}, want: "F_ABORT_IND(R=10,AO=L) IDLE"}, // P1: must be responder
		{letter: "A", setup: calls, want: "N_CON_RQ I_WF_NC"},
		{letter: "A", setup: both(calls, mode(SendOnly)), in: Input{Session: Parameters{Mode: ReceiveOnly}}, want: "F_ABORT_IND(R=10,AO=L) IDLE"},
		{letter: "A", setup: both(calls, mode(ReceiveOnly)), in: Input{Session: Parameters{Mode: SendOnly}}, want: "F_ABORT_IND(R=10,AO=L) IDLE"},
		{letter: "A", setup: both(calls, mode(SendOnly)), in: Input{Session: Parameters{Mode: Both}}, want: "N_CON_RQ I_WF_NC"},
		{letter: "B", setup: calls, want: "N_DISC_RQ IDLE"}, // P3: must be initiator
		{letter: "B", want: "N_CON_RS SSRM A_NC_ONLY"},
		{letter: "C", want: "I_WF_RM"},
		{letter: "D", setup: authenticates, in: Input{Session: withAuthentication(typical)}, want: "SECD WF_AUCH"},
		{letter: "D", in: Input{Session: typical}, want: "F_CONNECT_CF IDLESP"},
		{letter: "D", in: Input{Session: withAuthentication(typical)}, want: "ESID(R=12) F_ABORT_IND(R=12,AO=L) WF_NDISC"},
		{letter: "D", setup: authenticates, in: Input{Session: typical}, want: "ESID(R=12) F_ABORT_IND(R=12,AO=L) WF_NDISC"},
		{letter: "D", setup: mode(SendOnly), in: Input{Session: withMode(SendOnly)}, want: "ESID(R=10) F_ABORT_IND(R=10,AO=L) WF_NDISC"},
		{letter: "D", in: Input{}, want: "ESID(R=10) F_ABORT_IND(R=10,AO=L) WF_NDISC"},
		{letter: "E", setup: mode(SendOnly), in: Input{Session: withMode(SendOnly)}, want: "N_DISC_RQ IDLE"}, // P4
		{letter: "E", in: Input{Session: typical}, want: "F_CONNECT_IND A_WF_CONRS"},
		{letter: "F", only: on(ESID), in: Input{Reason: 4}, want: "F_ABORT_IND(R=04,AO=D) N_DISC_RQ IDLE"},
		{letter: "F", only: on(esidNormal), want: "F_ABORT_IND(R=00,AO=D) N_DISC_RQ IDLE"},
		{letter: "F", only: on(SSID), in: Input{Session: typical}, want: "F_ABORT_IND(R=02,AO=L) N_DISC_RQ IDLE"},
		{letter: "G", setup: authenticates, in: Input{Session: withAuthentication(typical)}, want: "SSID WF_SECD"},
		{letter: "G", in: Input{Session: typical}, want: "SSID IDLELI"},
		{letter: "G", in: Input{Session: withAuthentication(typical)}, want: "ESID(R=12) F_ABORT_IND(R=12,AO=L) WF_NDISC"},
		{letter: "G", setup: authenticates, in: Input{Session: Parameters{Level: 5}}, want: "ESID(R=12) F_ABORT_IND(R=12,AO=L) WF_NDISC"},
		{letter: "G", setup: peerIs(withMode(SendOnly)), in: Input{Session: withMode(SendOnly)}, want: "ESID(R=10) F_ABORT_IND(R=10,AO=L) WF_NDISC"},
		{letter: "H", want: "SSID I_WF_SSID"},
		{letter: "I", setup: calls, want: "AURP WF_SECD"}, // P5
		{letter: "I", want: "AURP IDLELI"},
		{letter: "J", want: "AUCH WF_AURP"},
		{letter: "K", setup: calls, in: Input{Valid: true}, want: "F_CONNECT_CF IDLESP"}, // P6
		{letter: "K", in: Input{Valid: true}, want: "SECD WF_AUCH"},                      // P7
		{letter: "K", setup: calls, want: "ESID(R=11) F_ABORT_IND(R=11,AO=L) WF_NDISC"},
		{letter: "K", want: "ESID(R=11) F_ABORT_IND(R=11,AO=L) WF_NDISC"},
		{letter: "L", in: Input{Valid: true}, want: protocolError},
		{letter: "U", want: "UE"},
	},
	"9.9": {
		{letter: "A", want: "N_DISC_RQ IDLE"},
		{letter: "B", want: "F_ABORT_IND(R=09,AO=L) N_DISC_RQ IDLE"},
		{letter: "C", want: "N_DISC_RQ IDLE"},
		{letter: "D", want: "N_DISC_RQ F_ABORT_IND(R=99,AO=D) IDLE"},
		{letter: "E", want: "F_ABORT_IND(R=99,AO=D) IDLE"},
		{letter: "F", want: "IDLE"},
		{letter: "G", want: "F_ABORT_IND(R=99,AO=D) IDLE"},
		{letter: "H", want: "WF_NDISC"},
		{letter: "I", want: "ESID(R=01) F_ABORT_IND(R=01,AO=L) WF_NDISC"},
	},
	"9.10": {
		{letter: "A", want: "EERP WF_RTR"},
		{letter: "B", setup: noRestart, in: Input{Restart: 1}, want: "UE"}, // P1
		{letter: "B", setup: mode(ReceiveOnly), want: "UE"},                // P1
		{letter: "B", in: Input{Restart: 1}, want: "SFID OPOP"},
		{letter: "B", setup: both(noRestart, mode(SendOnly)), want: "SFID OPOP"},
		{letter: "C", want: protocolError},
		{letter: "D", want: "CD IDLELICD"},
		{letter: "E", want: "ESID(R=00) WF_NDISC"},
		{letter: "F", want: "ERSTWFCD"},
		{letter: "G", setup: noRestart, in: Input{Restart: 1}, want: "UE"}, // P1
		{letter: "G", setup: mode(ReceiveOnly), want: "UE"},                // P1
		{letter: "G", in: Input{Restart: 1}, want: "SFSTWFCD"},
		{letter: "H", want: "IDLESP"},
		{letter: "I", want: "SFID OPOP"},
		{letter: "J", want: "CD IDLELICD"},
		{letter: "K", in: Input{Restart: 11}, want: protocolError}, // P2
		{letter: "K", in: Input{Restart: 10}, want: "F_START_FILE_CF(+) OPO"},
		{letter: "K", in: Input{Restart: 0}, want: "F_START_FILE_CF(+) OPO"},
		{letter: "L", want: "F_START_FILE_CF(-) IDLESP"},
		{letter: "M", setup: creditS(1), want: "DATA OPOWFC"}, // P3
		{letter: "M", setup: creditS(2), want: "DATA F_DATA_CF OPO"},
		{letter: "N", want: "F_RTR_CF IDLESP"},
		{letter: "O", setup: creditS(0), want: "F_DATA_CF OPO"},
		{letter: "P", want: protocolError},
		{letter: "Q", in: Input{Reason: 5}, want: "ESID(R=05) WF_NDISC"},
		{letter: "R", want: "EERP WF_RTR"},
		{letter: "S", in: Input{Reason: 5}, want: "WF_NDISC"},
		{letter: "T", want: "CDSTWFCD"},
		{letter: "U", want: "UE"},
		{letter: "W", want: "UE"},
		{letter: "Y", want: "NERP WF_RTR"},
		{letter: "Z", want: "NRSTWFCD"},
		{letter: "Z1", want: "NERP WF_RTR"},
	},
	"9.11": {
		{letter: "A", want: "EFID CLOP"},
		{letter: "B", want: protocolError},
		{letter: "C", in: Input{Speaker: true}, want: "F_CLOSE_FILE_CF(+) CD IDLELI"}, // P1
		{letter: "C", want: "F_CLOSE_FILE_CF(+) IDLESP"},
		{letter: "D", want: "F_CLOSE_FILE_CF(-) IDLESP"},
		{letter: "E", want: "UE"}, // Note 1
		{letter: "U", want: "UE"},
	},
	"9.12": {
		{letter: "A", setup: noRestart, in: Input{Restart: 1}, want: protocolError}, // P1
		{letter: "A", setup: mode(SendOnly), want: protocolError},                   // P1
		{letter: "A", in: Input{Restart: 1}, want: "F_START_FILE_IND OPIP"},
		{letter: "A", setup: both(noRestart, mode(ReceiveOnly)), want: "F_START_FILE_IND OPIP"},
		{letter: "B", want: protocolError},
		{letter: "C", want: "F_CD_IND IDLESPCD"},
		{letter: "D", only: on(ESID), in: Input{Reason: 8}, want: "F_ABORT_IND(R=08,AO=D) N_DISC_RQ IDLE"},
		{letter: "D", only: on(esidNormal), want: "F_ABORT_IND(R=00,AO=D) N_DISC_RQ IDLE"},
		{letter: "E", want: "F_EERP_IND RTRP"},
		{letter: "F", want: "F_RELEASE_IND N_DISC_RQ IDLE"},
		{letter: "H", only: on(StartFileRSPositive), in: Input{Restart: 11}, want: "UE"}, // P4
		{letter: "H", only: on(StartFileRSPositive), in: Input{Restart: 10}, want: "SFPA OPI"},
		{letter: "H", only: on(StartFileRSNegative), in: Input{Restart: 11}, want: "SFNA IDLELI"},
		{letter: "I", setup: creditL(0), want: protocolError},        // P6
		{letter: "I", setup: creditL(1), want: "F_DATA_IND CDT OPI"}, // P7
		{letter: "I", setup: creditL(2), want: "F_DATA_IND OPI"},
		{letter: "J", want: "F_CLOSE_FILE_IND CLIP"},
		{letter: "K", only: on(CloseFileRSPositive), in: Input{Speaker: true}, want: "EFPA WF_CD"}, // P3
		{letter: "K", only: on(CloseFileRSPositive), want: "EFPA IDLELI"},
		{letter: "K", only: on(CloseFileRSNegative), in: Input{Speaker: true}, want: "EFNA IDLELI"},
		{letter: "L", want: "F_NERP_IND RTRP"},
		{letter: "M", want: "RTR IDLELI"},
		{letter: "U", want: "UE"},
	},
}

// Every intersection of the five tables comes to what the transition table
// says under its letter.
func TestTransitionsAreTheRFCs(t *testing.T) {
	t.Parallel()
	named := map[Event][]State{} // states that a table with that row names
	tables := readRFC(t)
	for _, table := range tables {
		for _, r := range table.rows {
			for _, e := range eventsNamed(table.section, r.event) {
				named[e] = append(named[e], statesNamed(table.columns)...)
			}
		}
	}
	for _, table := range tables {
		for _, r := range table.rows {
			for i, letter := range r.letters {
				for _, e := range eventsNamed(table.section, r.event) {
					states := statesNamed(table.columns[i : i+1])
					if table.columns[i] == "*" {
						states = except(named[e])
					}
					for _, s := range states {
						checkCell(t, table.section, letter, e, s)
					}
				}
			}
		}
	}
}

func checkCell(t *testing.T, section, letter string, e Event, s State) {
	t.Helper()
	if letter == "X" {
		assert.Equal(t, impossible, standard[e][s][0].next, "%s: %v in %v", section, e, s)
		return
	}
	checked := 0
	for _, l := range rfcLines[section] {
		if l.letter != letter || l.only != nil && !slices.Contains(l.only, e) {
			continue
		}
		m := usual(s)
		if l.setup != nil {
			l.setup(m)
		}
		in := l.in
		in.Event = public(e)
		step, err := m.apply(standard[e][s], in)
		want := l.want
		assert.Equal(t, want, outcome(m, step, err), "%s, letter %s: %v in %v", section, letter, e, s)
		checked++
	}
	assert.NotZero(t, checked, "%s: no line for letter %s, %v in %v", section, letter, e, s)
}

// public is the event that belongs to a row.
func public(e Event) Event {
	switch e {
	case releaseError:
		return ReleaseRQ
	case esidNormal:
		return ESID
	}
	return e
}

func statesNamed(names []string) (all []State) {
	for _, name := range names {
		if name != "*" {
			all = append(all, State(slices.Index(stateNames[:], name)))
		}
	}
	return all
}

func except(some []State) (all []State) {
	for s := range numStates {
		if !slices.Contains(some, s) {
			all = append(all, s)
		}
	}
	return all
}

// Setups.

func calls(m *Machine) { m.caller = true }

func noRestart(m *Machine) { m.agreed.Restart = false }

func authenticates(m *Machine) {
	m.own.Authentication, m.agreed.Authentication, m.peer.Authentication = true, true, true
}

func creditS(n int) func(*Machine) { return func(m *Machine) { m.creditS = n } }

func creditL(n int) func(*Machine) { return func(m *Machine) { m.creditL = n } }

func mode(as Mode) func(*Machine) {
	return func(m *Machine) { m.local.Mode, m.own.Mode, m.agreed.Mode = as, as, as }
}

func peerIs(p Parameters) func(*Machine) { return func(m *Machine) { m.peer = p } }

func both(first, second func(*Machine)) func(*Machine) {
	return func(m *Machine) { first(m); second(m) }
}

func withAuthentication(p Parameters) Parameters {
	p.Authentication = true
	return p
}

func withMode(m Mode) Parameters {
	p := typical
	p.Mode = m
	return p
}
