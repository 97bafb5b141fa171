package oftpstate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// side is one end of a pair.
type side int

const (
	initiator side = iota
	responder
)

func (s side) String() string { return [...]string{"I", "R"}[s] }

// pair is two machines that hear each other. What one sends the other gets, in
// order; log has a line per event: "I>R SFID" for a command on its way,
// "R F_START_FILE_IND" for anything else.
type pair struct {
	t     *testing.T
	ends  [2]*Machine
	queue []delivery
	log   []string
	valid bool // challenges are solved
}

type delivery struct {
	to side
	in Input
}

func newPair(t *testing.T, ours, theirs Parameters) *pair {
	return &pair{t: t, ends: [2]*Machine{New(ours, true), New(theirs, false)}, valid: true}
}

// commandOf is what the sending of a command is to the peer: both lists have
// the same order.
func commandOf(a Action) Event { return SSRM + Event(a-SendSSRM) }

// do gives one side an input and lets everything that follows happen.
func (p *pair) do(to side, in Input) {
	p.t.Helper()
	p.queue = append(p.queue, delivery{to, in})
	for len(p.queue) > 0 {
		d := p.queue[0]
		p.queue = p.queue[1:]
		step, err := p.ends[d.to].Input(d.in)
		require.NoError(p.t, err, "%v after:\n%s", d.to, strings.Join(p.log, "\n"))
		for _, a := range step.Actions {
			p.carryOut(d.to, a, d.in, step)
		}
	}
}

func (p *pair) carryOut(from side, a Action, cause Input, step Step) {
	other := 1 - from
	switch {
	case sends(a):
		p.log = append(p.log, from.String()+">"+other.String()+" "+a.String())
		p.queue = append(p.queue, delivery{other, Input{
			Event: commandOf(a), Session: p.ends[from].Agreed(), Restart: cause.Restart, Speaker: cause.Speaker,
			Reason: step.Reason, Valid: p.valid,
		}})
		return
	case a == NetConnect:
		p.queue = append(p.queue, delivery{from, Input{Event: NetConCF}}, delivery{other, Input{Event: NetConIND}})
	case a == NetDisconnect:
		p.queue = append(p.queue, delivery{other, Input{Event: NetDiscIND}})
	}
	p.log = append(p.log, from.String()+" "+a.String())
}

// expect compares the log since the last call with the lines wanted.
func (p *pair) expect(want string) {
	p.t.Helper()
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(want)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	require.Equal(p.t, lines, p.log)
	p.log = nil
}

// login brings a pair into the file phase.
func login(t *testing.T, ours, theirs Parameters) *pair {
	t.Helper()
	p := newPair(t, ours, theirs)
	p.do(initiator, Input{Event: ConnectRQ})
	p.do(responder, Input{Event: ConnectRS})
	require.True(t, p.ends[initiator].Speaking(), p.log)
	require.True(t, p.ends[responder].Listening(), p.log)
	p.log = nil
	return p
}

func (p *pair) states() [2]State { return [2]State{p.ends[0].State(), p.ends[1].State()} }

func TestCommandsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	for a := SendSSRM; a <= SendAURP; a++ {
		assert.Equal(t, commandOf(a).String(), a.String())
	}
	assert.Equal(t, AURP, commandOf(SendAURP))
}

func TestLogin(t *testing.T) {
	t.Parallel()
	p := newPair(t, typical, typical)
	p.do(initiator, Input{Event: ConnectRQ})
	p.expect(`
		I N_CON_RQ
		R N_CON_RS
		R>I SSRM
		I>R SSID
		R F_CONNECT_IND`)
	p.do(responder, Input{Event: ConnectRS})
	p.expect(`
		R>I SSID
		I F_CONNECT_CF`)
	assert.Equal(t, [2]State{IdleSpeaker, IdleListener}, p.states())
	for _, m := range p.ends {
		assert.Equal(t, typical, m.Agreed())
		assert.False(t, m.Ended())
	}
}

func TestLoginWithAuthentication(t *testing.T) {
	t.Parallel()
	theirs := withAuthentication(typical)
	theirs.Credit = 1
	p := newPair(t, withAuthentication(typical), theirs)
	p.do(initiator, Input{Event: ConnectRQ})
	p.log = nil
	p.do(responder, Input{Event: ConnectRS})
	p.expect(`
		R>I SSID
		I>R SECD
		R>I AUCH
		I>R AURP
		R>I SECD
		I>R AUCH
		R>I AURP
		I F_CONNECT_CF`)
	assert.Equal(t, [2]State{IdleSpeaker, IdleListener}, p.states())
	assert.Equal(t, theirs, p.ends[initiator].Agreed())
	assert.Equal(t, theirs, p.ends[responder].Agreed())
}

func TestLoginWithFalseResponse(t *testing.T) {
	t.Parallel()
	p := newPair(t, withAuthentication(typical), withAuthentication(typical))
	p.valid = false
	p.do(initiator, Input{Event: ConnectRQ})
	p.log = nil
	p.do(responder, Input{Event: ConnectRS})
	p.expect(`
		R>I SSID
		I>R SECD
		R>I AUCH
		I>R AURP
		R>I ESID
		R F_ABORT_IND
		I F_ABORT_IND
		I N_DISC_RQ`)
	assert.Equal(t, [2]State{Idle, Idle}, p.states())
}

func TestLoginRefused(t *testing.T) {
	t.Parallel()
	p := newPair(t, typical, typical)
	p.do(initiator, Input{Event: ConnectRQ})
	p.log = nil
	p.do(responder, Input{Event: ReleaseRQ, Reason: 4})
	p.expect(`
		R>I ESID
		I F_ABORT_IND
		I N_DISC_RQ`)
	assert.True(t, p.ends[initiator].Ended())
	assert.True(t, p.ends[responder].Ended())
}

// A whole session as the accord client and server hold it: a file with credit 3,
// its receipt, the turn back and forth, the end.
func TestPush(t *testing.T) {
	t.Parallel()
	p := login(t, typical, typical)
	p.do(initiator, Input{Event: StartFileRQ})
	p.do(responder, Input{Event: StartFileRSPositive})
	p.expect(`
		I>R SFID
		R F_START_FILE_IND
		R>I SFPA
		I F_START_FILE_CF(+)`)
	assert.Equal(t, 3, p.ends[initiator].Credit())
	assert.Equal(t, 3, p.ends[responder].Credit())

	for range 4 {
		p.do(initiator, Input{Event: DataRQ})
	}
	p.expect(`
		I>R DATA
		I F_DATA_CF
		R F_DATA_IND
		I>R DATA
		I F_DATA_CF
		R F_DATA_IND
		I>R DATA
		R F_DATA_IND
		R>I CDT
		I F_DATA_CF
		I>R DATA
		I F_DATA_CF
		R F_DATA_IND`)
	assert.Equal(t, 2, p.ends[initiator].Credit())
	assert.Equal(t, 2, p.ends[responder].Credit())

	p.do(initiator, Input{Event: CloseFileRQ})
	p.do(responder, Input{Event: CloseFileRSPositive, Speaker: true})
	p.expect(`
		I>R EFID
		R F_CLOSE_FILE_IND
		R>I EFPA
		I F_CLOSE_FILE_CF(+)
		I>R CD`)
	assert.Equal(t, [2]State{IdleListener, IdleSpeaker}, p.states())

	p.do(responder, Input{Event: EERPRQ})
	p.do(initiator, Input{Event: RTRRS})
	p.do(responder, Input{Event: CDRQ})
	p.do(initiator, Input{Event: ReleaseRQ})
	p.expect(`
		R>I EERP
		I F_EERP_IND
		I>R RTR
		R F_RTR_CF
		R>I CD
		I F_CD_IND
		I>R ESID
		R F_RELEASE_IND
		R N_DISC_RQ`)
	assert.Equal(t, [2]State{Idle, Idle}, p.states())
}

// The initiator gives the turn away and fetches: a refused file, one taken from
// a restart position, receipts, the end without another CD.
func TestPull(t *testing.T) {
	t.Parallel()
	p := login(t, typical, typical)
	p.do(initiator, Input{Event: CDRQ})
	p.do(responder, Input{Event: StartFileRQ})
	p.do(initiator, Input{Event: StartFileRSNegative})
	p.expect(`
		I>R CD
		R F_CD_IND
		R>I SFID
		I F_START_FILE_IND
		I>R SFNA
		R F_START_FILE_CF(-)`)

	p.do(responder, Input{Event: StartFileRQ, Restart: 106})
	p.do(initiator, Input{Event: StartFileRSPositive, Restart: 60})
	p.do(responder, Input{Event: DataRQ})
	p.do(responder, Input{Event: CloseFileRQ})
	p.do(initiator, Input{Event: CloseFileRSPositive})
	p.expect(`
		R>I SFID
		I F_START_FILE_IND
		I>R SFPA
		R F_START_FILE_CF(+)
		R>I DATA
		R F_DATA_CF
		I F_DATA_IND
		R>I EFID
		I F_CLOSE_FILE_IND
		I>R EFPA
		R F_CLOSE_FILE_CF(+)`)
	assert.Equal(t, [2]State{IdleListener, IdleSpeaker}, p.states())

	p.do(responder, Input{Event: NERPRQ})
	p.do(initiator, Input{Event: RTRRS})
	p.do(responder, Input{Event: ReleaseRQ})
	p.expect(`
		R>I NERP
		I F_NERP_IND
		I>R RTR
		R F_RTR_CF
		R>I ESID
		I F_RELEASE_IND
		I N_DISC_RQ`)
}

// A file rejected at its end leaves the turn where it was, an empty one needs
// no data.
func TestRejectedFile(t *testing.T) {
	t.Parallel()
	p := login(t, typical, typical)
	p.do(initiator, Input{Event: StartFileRQ})
	p.do(responder, Input{Event: StartFileRSPositive})
	p.do(initiator, Input{Event: CloseFileRQ})
	p.log = nil
	p.do(responder, Input{Event: CloseFileRSNegative})
	p.expect(`
		R>I EFNA
		I F_CLOSE_FILE_CF(-)`)
	assert.Equal(t, [2]State{IdleSpeaker, IdleListener}, p.states())
}

// With a window of 1 every buffer waits, and EFID waits for the last CDT.
func TestCreditOfOne(t *testing.T) {
	t.Parallel()
	narrow := typical
	narrow.Credit = 1
	m := New(typical, true)
	for _, in := range []Input{{Event: ConnectRQ}, {Event: NetConCF}, {Event: SSRM}, {Event: SSID, Session: narrow}, {Event: StartFileRQ}, {Event: SFPA}} {
		_, err := m.Input(in)
		require.NoError(t, err)
	}
	step, err := m.Input(Input{Event: DataRQ})
	require.Equal(t, "DATA OPOWFC", outcome(m, step, err))
	assert.Zero(t, m.Credit())
	for _, e := range []Event{DataRQ, CloseFileRQ} {
		_, err = m.Input(Input{Event: e})
		var ue *UserError
		require.ErrorAs(t, err, &ue)
		assert.Equal(t, UserError{OpenOutWaitCredit, e}, *ue)
		assert.ErrorContains(t, err, e.String()+" is not possible in state OPOWFC")
	}
	step, err = m.Input(Input{Event: CDT})
	require.Equal(t, "F_DATA_CF OPO", outcome(m, step, err))
	assert.Equal(t, 1, m.Credit())
}

// Requests made in WF_CD, which the application does not see, wait for the turn.
func TestRequestsKeptForTheTurn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		request Event
		stored  State
		want    string
	}{
		{EERPRQ, EERPStored, "EERP WF_RTR"},
		{NERPRQ, NERPStored, "NERP WF_RTR"},
		{StartFileRQ, StartFileStored, "SFID OPOP"},
		{CDRQ, CDStored, "CD IDLELICD"},
	}
	for _, c := range cases {
		m := usual(WaitCD)
		_, err := m.Input(Input{Event: c.request, Restart: 7})
		require.NoError(t, err)
		require.Equal(t, c.stored, m.State())
		step, err := m.Input(Input{Event: CD})
		require.Equal(t, c.want, outcome(m, step, err))
		if c.request == StartFileRQ {
			step, err = m.Input(Input{Event: SFPA, Restart: 8})
			assert.Equal(t, protocolError, outcome(m, step, err), "the position of the request kept counts")
		}
	}
}

// A lost connection, seen from both sides of the break.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	for _, e := range []Event{NetDiscIND, NetResetIND} {
		m := usual(OpenIn)
		step, err := m.Input(Input{Event: e})
		require.NoError(t, err)
		assert.Contains(t, step.Actions, AbortIND)
		assert.True(t, step.ByPeer)
		assert.True(t, m.Ended())
	}
}

// What Limit set does not outlive the session.
func TestMachineServesAnotherSession(t *testing.T) {
	t.Parallel()
	m := New(typical, false)
	assert.False(t, m.Ended(), "nothing has begun")
	var agreed []Parameters
	for _, limit := range []int{1, 0} {
		_, err := m.Input(Input{Event: NetConIND})
		require.NoError(t, err)
		assert.Equal(t, typical, m.Agreed())
		if limit > 0 {
			narrow := typical
			narrow.Credit = limit
			m.Limit(narrow)
			assert.Equal(t, narrow, m.Agreed())
		}
		_, err = m.Input(Input{Event: SSID, Session: typical})
		require.NoError(t, err)
		_, err = m.Input(Input{Event: ConnectRS})
		require.NoError(t, err)
		agreed = append(agreed, m.Agreed())
		m.Limit(Parameters{Level: 1}) // too late
		assert.Equal(t, agreed[len(agreed)-1], m.Agreed())
		_, err = m.Input(Input{Event: NetDiscIND})
		require.NoError(t, err)
		assert.True(t, m.Ended())
	}
	assert.Equal(t, 1, agreed[0].Credit)
	assert.Equal(t, typical.Credit, agreed[1].Credit)
}
