package oftpstate

// speaker2 is the second Speaker table, section 9.11. Its letter E refers to a
// note that forbids EFID without credit, so it is a user error here.
var speaker2 = stateTable{
	columns: []State{OpenOut, OpenOutWaitCredit, CloseOutPending},
	rows: []row{
		{on(CloseFileRQ), "A E U"},
		{on(EFPA), "       B B C"},
		{on(EFNA), "       B B D"},
	},
	letters: map[string]rule{
		"A": {
			{do: clearCreditS, out: []Action{SendEFID}, next: CloseOutPending},
		},
		"B": {
			abort(reasonProtocol),
		},
		"C": {
			{when: turnWanted /* P1 */, out: []Action{CloseFileCFPositive, SendCD}, next: IdleListener},
			{out: []Action{CloseFileCFPositive}, next: IdleSpeaker},
		},
		"D": {
			{out: []Action{CloseFileCFNegative}, next: IdleSpeaker},
		},
		"E": {{next: userError}},
		"U": {{next: userError}},
	},
}

// P1, and P3 of the listener's table.
func turnWanted(_ *Machine, in Input) bool { return in.Speaker }

// Action 7.
func clearCreditS(m *Machine, _ Input) { m.creditS = 0 }
