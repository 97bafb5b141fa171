package oftpstate

// errorAndAbort is the Error and Abort table, section 9.9. F_ABORT_IND has no
// parameters there; section 3.4.4 gives those of a lost connection: reason
// unspecified, origin distant.
var errorAndAbort = stateTable{
	columns: []State{Idle, IWaitNetwork, WaitDisconnect},
	other:   true,
	rows: []row{
		{on(TimeOut), "      X X A B"},
		{on(AbortRQ), "      X A X C"},
		{on(NetResetIND), "  X X A D"},
		{on(NetDiscIND), "   X E F G"},
		{on(InvalidBuffer), "X X H I"},
	},
	letters: map[string]rule{
		"A": {
			{out: []Action{NetDisconnect}, next: Idle},
		},
		"B": {
			{out: []Action{AbortIND, NetDisconnect}, reason: reasonTimeOut, next: Idle},
		},
		"C": {
			{out: []Action{NetDisconnect}, next: Idle},
		},
		"D": {
			{out: []Action{NetDisconnect, AbortIND}, reason: reasonUnspecified, distant: true, next: Idle},
		},
		"E": {
			{out: []Action{AbortIND}, reason: reasonUnspecified, distant: true, next: Idle},
		},
		"F": {
			{next: Idle},
		},
		"G": {
			{out: []Action{AbortIND}, reason: reasonUnspecified, distant: true, next: Idle},
		},
		"H": {
			{next: WaitDisconnect},
		},
		"I": {
			abort(reasonNotRecognised),
		},
		"X": {{next: impossible}},
	},
}
