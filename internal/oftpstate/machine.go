package oftpstate

import "fmt"

// Machine is one end of a session. After a session it is [Idle] again and may
// serve another one. Its methods are not safe for use from several goroutines
// at once.
type Machine struct {
	state State

	// The RFC's constants (C.) and variables (V.), sections 9.6 and 9.7.
	local   Parameters // C.*
	own     Parameters // C.* of this session, see Limit
	agreed  Parameters // V.Buf-size, V.Window, V.Mode and so on
	peer    Parameters // the SSID that F_CONNECT_RS answers
	caller  bool       // V.Caller, and C.Cap-init
	restart int64      // V.Restart-pos
	creditS int        // V.Credit_S
	creditL int        // V.Credit_L

	used bool // a session has begun
}

// New returns an idle machine. The local parameters are the capabilities of this
// side; numbers outside the RFC's ranges are brought to the nearest bound. A
// caller is the initiator of sessions, otherwise the machine is a responder.
func New(local Parameters, caller bool) *Machine {
	local = local.clamped()
	return &Machine{local: local, own: local, agreed: local, caller: caller}
}

// Input takes an event and returns what is to be done about it.
//
// The error is a [*UserError] if the application asks for something that the
// state does not allow; nothing has changed then. A fault of the peer is never
// an error: its Step ends the session with SendESID and AbortIND.
func (m *Machine) Input(in Input) (Step, error) {
	if in.Event >= numEvents {
		return Step{}, &UserError{State: m.state, Event: in.Event}
	}
	return m.apply(actual[in.row()][m.state], in)
}

// apply takes the first transition of r whose predicate holds.
func (m *Machine) apply(r rule, in Input) (Step, error) {
	for i := range r {
		t := &r[i]
		if t.when != nil && !t.when(m, in) {
			continue
		}
		if t.next == userError {
			return Step{}, &UserError{State: m.state, Event: in.Event}
		}
		if t.do != nil {
			t.do(m, in)
		}
		m.enter(t.next)
		step := Step{Actions: t.out, Reason: t.reason, ByPeer: t.distant}
		if t.reason == reasonGiven {
			step.Reason = in.Reason
		}
		return step, nil
	}
	return Step{}, nil // not reached: the last line of every rule applies
}

func (m *Machine) enter(next State) {
	if next >= numStates {
		return
	}
	m.state = next
	m.used = true
}

// Limit replaces, for this session, the local parameters given to [New]. It
// serves an application that decides about them when it knows the peer, so it
// works before the responder's SSID answer, in [AConnected] and
// [AWaitConnectRS], and is without effect elsewhere.
func (m *Machine) Limit(p Parameters) {
	if m.state == AConnected || m.state == AWaitConnectRS {
		m.own = p.clamped()
		m.agreed = m.own
	}
}

// State returns the current state.
func (m *Machine) State() State { return m.state }

// Agreed returns the parameters of the session, from this side's point of view.
// They are what SendSSID sends: until the initiator has the peer's SSID, and the
// responder the application's ConnectRS, what this side offers; from then on
// what both sides have in common.
func (m *Machine) Agreed() Parameters { return m.agreed }

// Credit returns how many data exchange buffers the speaker may still send
// before a CDT: ours while we send a file, the peer's while it does, 0 at other
// times.
func (m *Machine) Credit() int {
	switch m.state {
	case OpenOut, OpenOutWaitCredit:
		return m.creditS
	case OpenIn:
		return m.creditL
	}
	return 0
}

// Speaking reports whether we have the turn and nothing is going on: a file or
// a receipt may be sent.
func (m *Machine) Speaking() bool {
	return m.state == IdleSpeaker || m.state == IdleSpeakerCD
}

// Listening reports whether the peer has the turn and nothing is going on.
func (m *Machine) Listening() bool {
	return m.state == IdleListener || m.state == IdleListenerCD || m.state == WaitCD
}

// Ended reports whether a session has begun and is over: nothing will be sent
// any more. The connection is still open in [WaitDisconnect].
func (m *Machine) Ended() bool {
	return m.state == WaitDisconnect || m.state == Idle && m.used
}

// UserError is the application's request in a state that does not allow it,
// "UE" in the RFC's tables.
type UserError struct {
	State State // the state, which has not changed
	Event Event // the request
}

// Error names the request and the state in the RFC's terms.
func (e *UserError) Error() string {
	return fmt.Sprintf("oftp: %v is not possible in state %v of the session; wait for the indication that allows it", e.Event, e.State)
}
