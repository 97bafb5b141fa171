package oftpstate

// listener is the Listener table, section 9.12. There is no letter G.
var listener = stateTable{
	columns: []State{
		IdleListener, IdleListenerCD, OpenInPending, OpenIn, CloseInPending,
		RTRPending,
	},
	rows: []row{
		{on(SFID), "                                    A A B B B B"},
		{on(DATA), "                                    B B B I B B"},
		{on(EFID), "                                    B B B J B B"},
		{on(StartFileRSPositive, StartFileRSNegative), "U U H U U U"},
		{on(CloseFileRSPositive, CloseFileRSNegative), "U U U U K U"},
		{on(CD), "                                      C B B B B B"},
		{on(esidNormal), "                              D F D D D D"},
		{on(ESID), "                                    D D D D D D"},
		{on(EERP), "                                    E E B B B B"},
		{on(NERP), "                                    L L B B B B"},
		{on(RTRRS), "                                   U U U U U M"},
	},
	letters: map[string]rule{
		"A": {
			{when: startInvalid /* P1 */, out: esidAbort, reason: reasonProtocol, next: WaitDisconnect},
			{do: setRestart, out: []Action{StartFileIND}, next: OpenInPending},
		},
		"B": {
			abort(reasonProtocol),
		},
		"C": {
			{out: []Action{CDIND}, next: IdleSpeakerCD},
		},
		"D": {
			{out: []Action{AbortIND, NetDisconnect}, reason: reasonGiven, distant: true, next: Idle},
		},
		"E": {
			{out: []Action{EERPIND}, next: RTRPending},
		},
		"F": {
			{out: []Action{ReleaseIND, NetDisconnect}, reason: reasonNormal, distant: true, next: Idle},
		},
		// P4 compares with V.Restart in the RFC, where V.Restart-pos is meant.
		"H": {
			{when: and(isPositive, restartTooFar) /* P4 */, next: userError},
			{when: isPositive /* P2 */, do: setCreditL, out: []Action{SendSFPA}, next: OpenIn},
			{out: []Action{SendSFNA}, next: IdleListener},
		},
		// With CDT sent at once, as here, P6 cannot hold: the speaker's window
		// is open again before it can overrun it.
		"I": {
			{when: creditExceeded /* P6 */, out: esidAbort, reason: reasonProtocol, next: WaitDisconnect},
			{when: lastCreditL /* P7 */, do: setCreditL, out: []Action{DataIND, SendCDT}, next: OpenIn},
			{do: spendCreditL, out: []Action{DataIND}, next: OpenIn},
		},
		"J": {
			{out: []Action{CloseFileIND}, next: CloseInPending},
		},
		"K": {
			{when: and(isPositive, turnWanted) /* P2 & P3 */, out: []Action{SendEFPA}, next: WaitCD},
			{when: isPositive /* P2 & !P3 */, out: []Action{SendEFPA}, next: IdleListener},
			{out: []Action{SendEFNA}, next: IdleListener},
		},
		"L": {
			{out: []Action{NERPIND}, next: RTRPending},
		},
		"M": {
			{out: []Action{SendRTR}, next: IdleListener},
		},
		"U": {{next: userError}},
	},
}

// P1.
func startInvalid(m *Machine, in Input) bool {
	return in.Restart > 0 && !m.agreed.Restart || m.agreed.Mode == SendOnly
}

// P2.
func isPositive(_ *Machine, in Input) bool {
	return in.Event == StartFileRSPositive || in.Event == CloseFileRSPositive
}

// P6.
func creditExceeded(m *Machine, _ Input) bool { return m.creditL-1 < 0 }

// P7.
func lastCreditL(m *Machine, _ Input) bool { return m.creditL-1 == 0 }

// Action 7.
func spendCreditL(m *Machine, _ Input) { m.creditL-- }

// Action 8.
func setCreditL(m *Machine, _ Input) { m.creditL = m.agreed.Credit }
