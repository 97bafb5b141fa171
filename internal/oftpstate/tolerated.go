package oftpstate

// tolerance is a rule of ours that takes the place of the RFC's.
type tolerance struct {
	events []Event
	states []State
	rule   rule
}

// Groups of states.
var (
	unconnected = []State{Idle, IWaitNetwork}
	connected   = states(IWaitReady, CDStored)
	established = states(IdleSpeaker, CDStored)
	storing     = states(EERPStored, CDStored)
	commands    = append(events(SSRM, AURP), esidNormal)
)

// Rules that several tolerances share.
var (
	ignored  = rule{{next: stay}}
	refused  = rule{{next: userError}}
	hangUp   = rule{{out: []Action{NetDisconnect}, next: Idle}}
	released = listener.letters["F"]
	broken   = listener.letters["D"]
)

// tolerances are applied in this order; a later one wins.
var tolerances = []tolerance{
	// The RFC's "other states" take in those without a connection, where no
	// command can come from and none can go to, and WF_NDISC, where the peer
	// goes on sending until it has seen our ESID.
	{commands, append([]State{WaitDisconnect}, unconnected...), ignored},
	{on(releaseError), []State{Idle}, refused},
	{on(releaseError), []State{IWaitNetwork}, hangUp},

	// An ESID that crosses ours tells that nothing more will come. An application
	// that has no patience need not wait either.
	{on(ESID, esidNormal, AbortRQ), []State{WaitDisconnect}, hangUp},

	// ESID may come at any time (sections 3.4.2 and 4.6), although the tables
	// have it in few states, and it is never answered. A refused password is
	// an ESID in I_WF_SSID, a full disk one in OPO. It is the normal end only
	// where no file is open: peers leave as soon as they have nothing to
	// send, be it after EFPA, after our CD or in place of RTR.
	{on(ESID, esidNormal), connected, broken},
	{on(esidNormal), []State{IdleSpeaker, IdleSpeakerCD, IdleListener, IdleListenerCD, WaitCD, WaitRTR}, released},
	{on(esidNormal), storing, released},

	// Some listeners send CDT ahead ("acceleration") or once more after the last
	// data. It grants the window anew while we send, and means nothing else.
	{on(CDT), established, ignored},
	{on(CDT), []State{OpenOut}, rule{{do: setCreditS, next: OpenOut}}},
	{on(CDT), []State{OpenOutWaitCredit}, speaker1.letters["O"]},

	// Peers with nothing to send hand the turn back instead of ending the
	// session. How often that goes on is the owner's decision.
	{on(CD), []State{IdleListenerCD}, listener.letters["C"]},

	// A peer may overlook that EFPA asked for the turn, or finish its queue
	// first. It is still the speaker.
	{on(SFID), []State{WaitCD}, listener.letters["A"]},
	{on(EERP), []State{WaitCD}, listener.letters["E"]},
	{on(NERP), []State{WaitCD}, listener.letters["L"]},

	// The RFC has the turn given away once before a normal end. Peers end the
	// session after the last RTR, and so may the application.
	{on(ReleaseRQ), []State{IdleSpeaker}, speaker1.letters["E"]},

	// Our decision: the RFC only breaks the connection when time is out, and the
	// partner would never learn why. Before there is a connection, its letter B
	// remains: action 2 of F_CONNECT_RQ starts the timer, so the X of the table
	// is a slip.
	{on(TimeOut), connected, rule{abort(reasonTimeOut)}},
	{on(TimeOut), []State{IWaitNetwork}, errorAndAbort.letters["B"]},

	// The RFC has reason 01 for every invalid buffer; section 5.3.10 also knows
	// 06, invalid data, and 07, wrong size.
	{on(InvalidBuffer), connected, rule{
		{when: unexplained, out: esidAbort, reason: reasonNotRecognised, next: WaitDisconnect},
		abort(reasonGiven),
	}},

	// Our decision: the RFC hangs up on an SSID that comes late, and gives every
	// other command that is out of place reason 02. This one gets it, too.
	{on(SSID), append([]State{AWaitConnectRS, WaitSECD}, established...), rule{abort(reasonProtocol)}},

	// Our decision: a mode that does not fit (P4 of letter E) is refused with
	// ESID 10 by letter G, after the application has had its say in Limit,
	// not by hanging up.
	{on(SSID), []State{AConnected}, rule{connection.letters["E"][1]}},
}

// tolerate returns the table with the tolerances laid over and no cell left
// open: where the RFC says U, X or nothing, a request of the application is
// a user error, a command of the peer a protocol error, and anything else, such
// as a timer that fires late, is ignored.
func tolerate(rfc *cells) *cells {
	all := *rfc
	for e := range all {
		for s := range all[e] {
			if undefined(all[e][s]) {
				all[e][s] = fallback(Event(e))
			}
		}
	}
	for _, t := range tolerances {
		for _, e := range t.events {
			for _, s := range t.states {
				all[e][s] = t.rule
			}
		}
	}
	return &all
}

func undefined(r rule) bool {
	return len(r) == 0 || r[0].when == nil && r[0].next >= numStates
}

func fallback(e Event) rule {
	switch {
	case e.byUser():
		return refused
	case e.byPeer():
		return rule{abort(reasonProtocol)}
	}
	return ignored
}

func unexplained(_ *Machine, in Input) bool { return in.Reason == reasonNormal }

func states(first, last State) (all []State) {
	for s := first; s <= last; s++ {
		all = append(all, s)
	}
	return all
}

func events(first, last Event) (all []Event) {
	for e := first; e <= last; e++ {
		all = append(all, e)
	}
	return all
}
