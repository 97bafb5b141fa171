package oftpstate

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNegotiation(t *testing.T) {
	t.Parallel()
	wide := Parameters{Level: 5, BufferSize: 99999, Credit: 999, Compression: true, Restart: true}
	small := Parameters{Level: 2, BufferSize: 1024, Credit: 20}
	cases := []struct {
		name      string
		own, peer Parameters
		want      Parameters
		ok        bool
	}{
		{"equal", wide, wide, wide, true},
		{"the peer's are lower", wide, small, small, true},
		{"ours are lower, the peer answers too much", small, wide, small, true},
		{"one of the two has restart", wide, Parameters{Level: 5, BufferSize: 99999, Credit: 999, Restart: true},
			Parameters{Level: 5, BufferSize: 99999, Credit: 999, Restart: true}, true},
		{"a level to come", wide, Parameters{Level: 9, BufferSize: 128, Credit: 1}, Parameters{Level: 5, BufferSize: 128, Credit: 1}, true},
		{"no credit", wide, Parameters{Level: 5, BufferSize: 128}, Parameters{}, false},
		{"no buffer", wide, Parameters{Level: 5, BufferSize: 127, Credit: 1}, Parameters{}, false},
		{"no level", wide, Parameters{BufferSize: 128, Credit: 1}, Parameters{}, false},
		{"special logic", small, Parameters{Level: 2, BufferSize: 1024, Credit: 20, SpecialLogic: true}, small, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := c.own.negotiated(c.peer)
			require.Equal(t, c.ok, ok)
			if ok {
				assert.Equal(t, c.want, got)
			}
		})
	}
}

// Section 3.2.1, and SSIDSR in section 5.3.2.
func TestModes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		own, peer, want Mode
		ok              bool
	}{
		{Both, Both, Both, true},
		{Both, SendOnly, ReceiveOnly, true},
		{Both, ReceiveOnly, SendOnly, true},
		{SendOnly, Both, SendOnly, true},
		{SendOnly, ReceiveOnly, SendOnly, true},
		{SendOnly, SendOnly, SendOnly, false},
		{ReceiveOnly, Both, ReceiveOnly, true},
		{ReceiveOnly, SendOnly, ReceiveOnly, true},
		{ReceiveOnly, ReceiveOnly, ReceiveOnly, false},
	}
	for _, c := range cases {
		got, ok := withMode(c.own).negotiated(withMode(c.peer))
		assert.Equal(t, c.ok, ok, "%v with %v", c.own, c.peer)
		if ok {
			assert.Equal(t, c.want, got.Mode, "%v with %v", c.own, c.peer)
		}
	}
}

func TestApplicationNarrows(t *testing.T) {
	t.Parallel()
	own := Parameters{Level: 5, BufferSize: 4096, Credit: 64, Compression: true, Restart: true}
	cases := []struct {
		name       string
		want, have Parameters
		ok         bool
	}{
		{"nothing said", Parameters{}, own, true},
		{"numbers left open", Parameters{Compression: true, Restart: true, Authentication: true},
			Parameters{Level: 5, BufferSize: 4096, Credit: 64, Compression: true, Restart: true, Authentication: true}, true},
		{"all less", Parameters{Level: 4, BufferSize: 512, Credit: 2, Mode: SendOnly},
			Parameters{Level: 4, BufferSize: 512, Credit: 2, Mode: SendOnly}, true},
		{"more than there is", Parameters{Level: 6, BufferSize: 9999, Credit: 999, Compression: true, Restart: true, SpecialLogic: true}, own, true},
		{"nonsense", Parameters{Level: -1, BufferSize: 1, Credit: -5}, Parameters{Level: 1, BufferSize: 128, Credit: 1}, true},
	}
	for _, c := range cases {
		got, ok := own.narrowed(c.want)
		assert.Equal(t, c.ok, ok, c.name)
		assert.Equal(t, c.have, got, c.name)
	}
	_, ok := withMode(SendOnly).narrowed(withMode(ReceiveOnly))
	assert.False(t, ok)
}

func TestLocalParametersAreClamped(t *testing.T) {
	t.Parallel()
	assert.Equal(t, Parameters{Level: 1, BufferSize: 128, Credit: 1}, New(Parameters{}, true).Agreed())
	high := Parameters{Level: 50, BufferSize: 1 << 20, Credit: 1000, SpecialLogic: true}
	assert.Equal(t, Parameters{Level: 5, BufferSize: 99999, Credit: 999}, New(high, true).Agreed())
}

// The responder's answer is what both have, told from its own point of view.
func TestResponderAnswers(t *testing.T) {
	t.Parallel()
	p := newPair(t, withMode(SendOnly), Parameters{Level: 4, BufferSize: 1024, Credit: 999, Restart: true})
	p.do(initiator, Input{Event: ConnectRQ})
	p.do(responder, Input{Event: ConnectRS, Session: Parameters{Credit: 2, Restart: false}})
	want := Parameters{Level: 4, BufferSize: 1024, Credit: 2, Mode: ReceiveOnly}
	assert.Equal(t, want, p.ends[responder].Agreed())
	want.Mode = SendOnly
	assert.Equal(t, want, p.ends[initiator].Agreed())
}

func TestNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "BSR?", Both.String()+SendOnly.String()+ReceiveOnly.String()+Mode(3).String())
	names := map[string]bool{}
	check := func(name string) {
		assert.NotEmpty(t, name)
		assert.False(t, names[name], name)
		names[name] = true
	}
	for s := range numStates {
		check(s.String())
	}
	for e := range numRows {
		check(e.String())
	}
	for a := SendAURP + 1; a < numActions; a++ {
		check(a.String())
	}
	assert.Equal(t, "unknown state", State(200).String())
	assert.Equal(t, "unknown event", Event(200).String())
	assert.Equal(t, "unknown action", Action(200).String())
}

// The initiator offers what the application wants of what there is, and holds
// the peer's answer against the offer.
func TestInitiatorOffers(t *testing.T) {
	t.Parallel()
	want := Parameters{Level: 4, Credit: 2, Mode: SendOnly, Restart: true}
	offer := Parameters{Level: 4, BufferSize: 4096, Credit: 2, Mode: SendOnly, Restart: true}
	m := New(typical, true)
	_, err := m.Input(Input{Event: ConnectRQ, Session: want})
	require.NoError(t, err)
	assert.Equal(t, offer, m.Agreed())
	m.Limit(typical) // only a responder's
	assert.Equal(t, offer, m.Agreed())
	for _, e := range []Event{NetConCF, SSRM} {
		_, err = m.Input(Input{Event: e})
		require.NoError(t, err)
	}

	step, err := m.Input(Input{Event: SSID, Session: Parameters{Level: 5, BufferSize: 99999, Credit: 999, Mode: Both}})
	require.Equal(t, "F_CONNECT_CF IDLESP", outcome(m, step, err))
	offer.Restart = false
	assert.Equal(t, offer, m.Agreed())

	_, err = m.Input(Input{Event: StartFileRQ, Restart: 1})
	var ue *UserError
	require.ErrorAs(t, err, &ue, "restart is not agreed")
	assert.Equal(t, UserError{IdleSpeaker, StartFileRQ}, *ue)
}

// The credit is that of the file being transferred, and none without a file.
func TestCreditByState(t *testing.T) {
	t.Parallel()
	for s := range numStates {
		m := usual(s)
		m.creditS, m.creditL = 1, 2
		want := map[State]int{OpenOut: 1, OpenOutWaitCredit: 1, OpenIn: 2}[s]
		assert.Equal(t, want, m.Credit(), "in %v", s)
	}
}

// What the session asks about the turn.
func TestTurn(t *testing.T) {
	t.Parallel()
	for s := range numStates {
		m := usual(s)
		assert.Equal(t, s == IdleSpeaker || s == IdleSpeakerCD, m.Speaking(), "in %v", s)
		assert.Equal(t, s == IdleListener || s == IdleListenerCD || s == WaitCD, m.Listening(), "in %v", s)
		assert.Equal(t, s == Idle || s == WaitDisconnect, m.Ended(), "in %v", s)
	}
}
