package oftpstate

// connection is the Session Connection table, section 9.8.
//
// The RFC writes U for some peer commands and X for others that a stranger can
// very well send; tolerated.go says what becomes of them.
var connection = stateTable{
	columns: []State{
		Idle, IWaitNetwork, IWaitReady, IWaitSSID, AConnected, AWaitConnectRS,
		WaitAUCH, WaitAURP, WaitSECD,
	},
	other: true,
	rows: []row{
		{on(ConnectRQ), "       A X X X X X X X X X"},
		{on(NetConCF), "        X C X X X X X X X X"},
		{on(SSRM), "            X X H X X X L L L X"},
		{on(SSID), "            X X X D E F L L L F"},
		{on(NetConIND), "       B X X X X X X X X X"},
		{on(ConnectRS), "       X U U U U G X X X U"},
		{on(ESID, esidNormal), "X X X F X X F F F X"},
		{on(AUCH), "            X X U U X X I L L U"},
		{on(AURP), "            X X U U X X L K L U"},
		{on(SECD), "            X X U U X X L L J U"},
	},
	letters: map[string]rule{
		"A": {
			{when: connectImpossible /* P1 */, out: []Action{AbortIND}, reason: reasonIncompatible, next: Idle},
			{do: setOffer, out: []Action{NetConnect}, next: IWaitNetwork},
		},
		"B": {
			{when: isCaller /* P3 */, out: []Action{NetDisconnect}, next: Idle},
			{do: newSession, out: []Action{NetAccept, SendSSRM}, next: AConnected},
		},
		"C": {
			{next: IWaitReady},
		},
		"D": {
			{when: and(answerFits, sameAuthentication, wantsAuthentication), do: setAnswer, out: []Action{SendSECD}, next: WaitAUCH},
			{when: and(answerFits, sameAuthentication), do: setAnswer, out: []Action{ConnectCF}, next: IdleSpeaker},
			{when: answerFits, out: esidAbort, reason: reasonAuthentication, next: WaitDisconnect},
			abort(reasonIncompatible),
		},
		"E": {
			{when: modeExcluded /* P4 */, out: []Action{NetDisconnect}, next: Idle},
			{do: keepPeer, out: []Action{ConnectIND}, next: AWaitConnectRS},
		},
		// The row serves SSID as well, which has no reason of its own.
		"F": {
			{when: isESID, out: []Action{AbortIND, NetDisconnect}, reason: reasonGiven, distant: true, next: Idle},
			{out: []Action{AbortIND, NetDisconnect}, reason: reasonProtocol, next: Idle},
		},
		"G": {
			{when: and(responseFits, responseWantsAuthentication, responseKeepsAuthentication), do: setResponse, out: []Action{SendSSID}, next: WaitSECD},
			{when: and(responseFits, responseKeepsAuthentication), do: setResponse, out: []Action{SendSSID}, next: IdleListener},
			{when: responseChangesAuthentication /* !P10 */, out: esidAbort, reason: reasonAuthentication, next: WaitDisconnect},
			abort(reasonIncompatible),
		},
		"H": {
			{out: []Action{SendSSID}, next: IWaitSSID},
		},
		"I": {
			{when: isCaller /* P5 */, out: []Action{SendAURP}, next: WaitSECD},
			{out: []Action{SendAURP}, next: IdleListener},
		},
		"J": {
			{out: []Action{SendAUCH}, next: WaitAURP},
		},
		"K": {
			{when: and(isCaller, isValid) /* P6 */, out: []Action{ConnectCF}, next: IdleSpeaker},
			{when: isValid /* P7 */, out: []Action{SendSECD}, next: WaitAUCH},
			abort(reasonChallenge),
		},
		"L": {
			abort(reasonProtocol),
		},
		"U": {{next: userError}},
		"X": {{next: impossible}},
	},
}

// P1, without "no resources": the owner knows that before it asks.
func connectImpossible(m *Machine, in Input) bool {
	_, ok := m.local.narrowed(in.Session)
	return !m.caller || !ok
}

// P3 and P5. C.Cap-init is never "both" here: a machine is a caller or is not.
func isCaller(m *Machine, _ Input) bool { return m.caller }

// P4.
func modeExcluded(m *Machine, in Input) bool {
	_, ok := m.own.Mode.and(in.Session.Mode.opposite())
	return !ok
}

// P2 in the initiator: the answer fits our offer.
func answerFits(m *Machine, in Input) bool {
	_, ok := m.agreed.negotiated(in.Session)
	return ok
}

// P8.
func sameAuthentication(m *Machine, in Input) bool {
	return m.agreed.Authentication == in.Session.Authentication
}

// P11.
func wantsAuthentication(m *Machine, _ Input) bool { return m.agreed.Authentication }

// P2 in the responder: the application's response fits the peer's SSID.
func responseFits(m *Machine, in Input) bool {
	_, ok := m.response(in)
	return ok
}

// P9.
func responseWantsAuthentication(m *Machine, in Input) bool {
	p, _ := m.response(in)
	return p.Authentication
}

// P10.
func responseKeepsAuthentication(m *Machine, in Input) bool {
	return responseWantsAuthentication(m, in) == m.peer.Authentication
}

func responseChangesAuthentication(m *Machine, in Input) bool {
	return !responseKeepsAuthentication(m, in)
}

// P6 and P7: the challenge is solved.
func isValid(_ *Machine, in Input) bool { return in.Valid }

func isESID(_ *Machine, in Input) bool { return in.Event == ESID }

// response is what F_CONNECT_RS and the peer's SSID have in common.
func (m *Machine) response(in Input) (Parameters, bool) {
	own, wanted := m.own.narrowed(in.Session)
	p, fits := own.negotiated(m.peer)
	return p, wanted && fits
}

// Action 1.
func setOffer(m *Machine, in Input) {
	newSession(m, in)
	m.agreed, _ = m.own.narrowed(in.Session)
}

// Action 5, by the role.
func setAnswer(m *Machine, in Input)   { m.agreed, _ = m.agreed.negotiated(in.Session) }
func setResponse(m *Machine, in Input) { m.agreed, _ = m.response(in) }

// newSession forgets what Limit set for the session before.
func newSession(m *Machine, _ Input) { m.own, m.agreed = m.local, m.local }

// keepPeer stands for building F_CONNECT_IND.
func keepPeer(m *Machine, in Input) { m.peer = in.Session }
