package oftpstate

// speaker1 is the first Speaker table, section 9.10. Signing a receipt
// (predicate P5, action 18) is the owner's business and changes no state.
var speaker1 = stateTable{
	columns: []State{
		IdleSpeaker, IdleSpeakerCD, WaitRTR, WaitCD, EERPStored, NERPStored,
		StartFileStored, CDStored, OpenOutPending, OpenOut, OpenOutWaitCredit,
		WaitDisconnect,
	},
	other: true,
	rows: []row{
		{on(EERPRQ), "      A A W F W W  U U U U U U U"},
		{on(NERPRQ), "      Y Y W Z W W  U U U U U U U"},
		{on(StartFileRQ), " B B W G W W  U U U U U X U"},
		{on(SFPA), "        C C C C C C  C C K C C S C"},
		{on(SFNA), "        C C C C C C  C C L C C S C"},
		{on(CD), "          C C C H R Z1 I J C C C S C"},
		{on(DataRQ), "      U U U U U U  U U U M U S U"},
		{on(CDT), "         C C C C C C  C C C P O S C"},
		{on(CDRQ), "        D U W T W W  U U U U U X U"},
		{on(ReleaseRQ), "   U E U U U U  U U U U U X U"},
		{on(releaseError), "Q Q Q Q Q Q  Q Q Q Q Q S Q"},
		{on(RTR), "         C C N C C C  C C C C C S C"},
	},
	letters: map[string]rule{
		"A": {
			{out: []Action{SendEERP}, next: WaitRTR},
		},
		"B": {
			{when: startImpossible /* P1 */, next: userError},
			{do: setRestart, out: []Action{SendSFID}, next: OpenOutPending},
		},
		"C": {
			abort(reasonProtocol),
		},
		"D": {
			{out: []Action{SendCD}, next: IdleListenerCD},
		},
		"E": {
			{out: []Action{SendESID}, reason: reasonNormal, next: WaitDisconnect},
		},
		"F": {
			{next: EERPStored},
		},
		"G": {
			{when: startImpossible /* P1 */, next: userError},
			{do: setRestart, next: StartFileStored},
		},
		"H": {
			{next: IdleSpeaker},
		},
		"I": {
			{out: []Action{SendSFID}, next: OpenOutPending},
		},
		"J": {
			{out: []Action{SendCD}, next: IdleListenerCD},
		},
		"K": {
			{when: restartTooFar /* P2 */, out: esidAbort, reason: reasonProtocol, next: WaitDisconnect},
			{do: setCreditS, out: []Action{StartFileCFPositive}, next: OpenOut},
		},
		"L": {
			{out: []Action{StartFileCFNegative}, next: IdleSpeaker},
		},
		"M": {
			{when: lastCreditS /* P3 */, do: spendCreditS, out: []Action{SendDATA}, next: OpenOutWaitCredit},
			{do: spendCreditS, out: []Action{SendDATA, DataCF}, next: OpenOut},
		},
		"N": {
			{out: []Action{RTRCF}, next: IdleSpeaker},
		},
		"O": {
			{do: setCreditS, out: []Action{DataCF}, next: OpenOut},
		},
		"P": {
			abort(reasonProtocol),
		},
		"Q": {
			{out: []Action{SendESID}, reason: reasonGiven, next: WaitDisconnect},
		},
		"R": {
			{out: []Action{SendEERP}, next: WaitRTR},
		},
		"S": {
			{next: WaitDisconnect},
		},
		"T": {
			{next: CDStored},
		},
		"U": {{next: userError}},
		"W": {{next: userError}},
		"X": {{next: impossible}},
		"Y": {
			{out: []Action{SendNERP}, next: WaitRTR},
		},
		"Z": {
			{next: NERPStored},
		},
		"Z1": {
			{out: []Action{SendNERP}, next: WaitRTR},
		},
	},
}

// P1.
func startImpossible(m *Machine, in Input) bool {
	return in.Restart > 0 && !m.agreed.Restart || m.agreed.Mode == ReceiveOnly
}

// P2, and P4 of the listener's table: an answer must not start later than asked.
func restartTooFar(m *Machine, in Input) bool { return in.Restart > m.restart }

// P3.
func lastCreditS(m *Machine, _ Input) bool { return m.creditS-1 == 0 }

// Actions 5, 6 and 10: the position of a request kept in WF_CD is set at once.
func setRestart(m *Machine, in Input) { m.restart = in.Restart }

// Action 12.
func setCreditS(m *Machine, _ Input) { m.creditS = m.agreed.Credit }

// Action 13.
func spendCreditS(m *Machine, _ Input) { m.creditS-- }
