package oftpstate

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTolerances(t *testing.T) {
	t.Parallel()
	const released = "F_RELEASE_IND N_DISC_RQ IDLE"
	const timedOut = "ESID(R=09) F_ABORT_IND(R=09,AO=L) WF_NDISC"
	cases := []struct {
		name   string
		states []State
		in     Input
		want   string // empty: nothing happens, the state stays
	}{
		{"no command without a connection", unconnected, Input{Event: SFID}, ""},
		{"no end without a connection", unconnected, Input{Event: ESID, Reason: 1}, ""},
		{"commands that cross our ESID", only(WaitDisconnect), Input{Event: DATA}, ""},
		{"an SSID that crosses our ESID", only(WaitDisconnect), Input{Event: SSID}, ""},
		{"an ESID that crosses ours", only(WaitDisconnect), Input{Event: ESID, Reason: 9}, "N_DISC_RQ IDLE"},
		{"a normal ESID that crosses ours", only(WaitDisconnect), Input{Event: ESID}, "N_DISC_RQ IDLE"},
		{"impatience after ESID", only(WaitDisconnect), Input{Event: AbortRQ}, "N_DISC_RQ IDLE"},
		{"refusal in no session", only(Idle), Input{Event: ReleaseRQ, Reason: 5}, "UE"},
		{"refusal while dialling", only(IWaitNetwork), Input{Event: ReleaseRQ, Reason: 5}, "N_DISC_RQ IDLE"},
		{"refusal of an SSID", only(AWaitConnectRS), Input{Event: ReleaseRQ, Reason: 4}, "ESID(R=04) WF_NDISC"},
		{"refusal at any time", connected, Input{Event: ReleaseRQ, Reason: 5}, "ESID(R=05) WF_NDISC"},
		{"ESID with an error at any time", connected, Input{Event: ESID, Reason: 8}, "F_ABORT_IND(R=08,AO=D) N_DISC_RQ IDLE"},
		{"normal ESID to a listener", []State{IdleListener, IdleListenerCD, WaitCD}, Input{Event: ESID}, released},
		{"normal ESID to a speaker", []State{IdleSpeaker, IdleSpeakerCD, WaitRTR}, Input{Event: ESID}, released},
		{"normal ESID with a request kept", storing, Input{Event: ESID}, released},
		{"normal ESID within a file", states(OpenOutPending, CloseInPending), Input{Event: ESID}, "F_ABORT_IND(R=00,AO=D) N_DISC_RQ IDLE"},
		{"normal ESID in the login", states(IWaitReady, WaitAURP), Input{Event: ESID}, "F_ABORT_IND(R=00,AO=D) N_DISC_RQ IDLE"},
		{"early CDT", only(OpenOut), Input{Event: CDT}, "OPO"},
		{"late CDT", []State{CloseOutPending, IdleSpeaker, IdleSpeakerCD, IdleListener, WaitRTR, OpenOutPending}, Input{Event: CDT}, ""},
		{"turn handed back", only(IdleListenerCD), Input{Event: CD}, "F_CD_IND IDLESPCD"},
		{"file instead of the turn", only(WaitCD), Input{Event: SFID}, "F_START_FILE_IND OPIP"},
		{"receipt instead of the turn", only(WaitCD), Input{Event: EERP}, "F_EERP_IND RTRP"},
		{"negative receipt instead of the turn", only(WaitCD), Input{Event: NERP}, "F_NERP_IND RTRP"},
		{"release without a CD before", only(IdleSpeaker), Input{Event: ReleaseRQ}, "ESID(R=00) WF_NDISC"},
		{"time-out tells why", connected, Input{Event: TimeOut}, timedOut},
		{"time-out while dialling", only(IWaitNetwork), Input{Event: TimeOut}, "F_ABORT_IND(R=09,AO=L) N_DISC_RQ IDLE"},
		{"time-out after ESID", only(WaitDisconnect), Input{Event: TimeOut}, "N_DISC_RQ IDLE"},
		{"unreadable buffer", connected, Input{Event: InvalidBuffer}, "ESID(R=01) F_ABORT_IND(R=01,AO=L) WF_NDISC"},
		{"buffer with invalid data", connected, Input{Event: InvalidBuffer, Reason: 6}, "ESID(R=06) F_ABORT_IND(R=06,AO=L) WF_NDISC"},
		{"buffer of the wrong size", connected, Input{Event: InvalidBuffer, Reason: 7}, "ESID(R=07) F_ABORT_IND(R=07,AO=L) WF_NDISC"},
		{"unreadable buffer after ESID", only(WaitDisconnect), Input{Event: InvalidBuffer, Reason: 7}, "WF_NDISC"},
		{"late events of a connection gone", only(Idle), Input{Event: NetDiscIND}, ""},
		{"late timer", only(Idle), Input{Event: TimeOut}, ""},
		{"second connection", connected, Input{Event: NetConIND}, ""},
		{"commands out of place", []State{IdleSpeaker, IdleSpeakerCD, OpenOut, WaitRTR, AConnected, AWaitConnectRS, IWaitReady}, Input{Event: SFID}, protocolError},
		{"answers out of place", []State{IdleSpeaker, IdleListener, OpenInPending, IWaitSSID}, Input{Event: EFPA}, protocolError},
		{"authentication out of place", []State{IWaitReady, IWaitSSID, AConnected, IdleSpeaker, OpenIn}, Input{Event: AUCH}, protocolError},
		{"a second ready message", []State{IWaitSSID, AConnected, IdleSpeaker, OpenIn}, Input{Event: SSRM}, protocolError},
		{"a late SSID", append([]State{AWaitConnectRS, WaitSECD}, established...), Input{Event: SSID}, protocolError},
		{"DATA out of place", except(append([]State{OpenIn, WaitDisconnect}, unconnected...)), Input{Event: DATA}, protocolError},
		{"requests out of place", []State{Idle, IdleListener, OpenIn, IdleSpeaker, WaitDisconnect}, Input{Event: CloseFileRQ}, "UE"},
		{"CD after an unsolicited CD", only(IdleSpeakerCD), Input{Event: CDRQ}, "UE"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range c.states {
				m := usual(s)
				want := c.want
				if want == "" {
					want = s.String()
				}
				step, err := m.Input(c.in)
				assert.Equal(t, want, outcome(m, step, err), "in %v", s)
			}
		})
	}
}

// only is a list of states, as on is of events.
func only(all ...State) []State { return all }

func TestEarlyCreditRenewsTheWindow(t *testing.T) {
	t.Parallel()
	m := usual(OpenOut)
	m.creditS = 1
	_, err := m.Input(Input{Event: CDT})
	require.NoError(t, err)
	assert.Equal(t, typical.Credit, m.Credit(), "the window, not the window more")
}

// A mode that does not fit is refused by ESID once the application has spoken.
func TestModeIsJudgedAfterLimit(t *testing.T) {
	t.Parallel()
	for _, limited := range []bool{false, true} {
		m := usual(AConnected)
		m.own.Mode = SendOnly
		step, err := m.Input(Input{Event: SSID, Session: withMode(SendOnly)})
		require.Equal(t, "F_CONNECT_IND A_WF_CONRS", outcome(m, step, err))
		want := "ESID(R=10) F_ABORT_IND(R=10,AO=L) WF_NDISC"
		if limited {
			m.Limit(withMode(Both))
			want = "SSID IDLELI"
		}
		step, err = m.Input(Input{Event: ConnectRS})
		assert.Equal(t, want, outcome(m, step, err))
	}
}

// Every state and event at all has one defined outcome.
func TestNothingIsUndefined(t *testing.T) {
	t.Parallel()
	for e := range actual {
		for s, r := range actual[e] {
			require.NotEmpty(t, r, "%v in %v", Event(e), State(s))
			assert.Nil(t, r[len(r)-1].when, "%v in %v has no else", Event(e), State(s))
			for _, line := range r {
				assert.NotEqual(t, impossible, line.next, "%v in %v", Event(e), State(s))
				if line.next == userError {
					assert.True(t, Event(e).byUser(), "%v is no request, in %v", Event(e), State(s))
				}
			}
		}
	}
}

// Every input in every state, with every combination of parameters.
func TestEveryInput(t *testing.T) {
	t.Parallel()
	inputs := func(e Event) (all []Input) {
		for _, yes := range []bool{false, true} {
			for _, n := range []int{-1, 0, 1, 99} {
				all = append(all,
					Input{Event: e, Speaker: yes, Valid: yes, Reason: n, Restart: int64(n), Session: typical},
					Input{Event: e, Speaker: yes, Valid: yes, Reason: n, Restart: int64(n)})
			}
		}
		return all
	}
	for s := range numStates {
		for e := range numEvents + 5 { // and some that do not exist
			for _, in := range inputs(e) {
				for _, caller := range []bool{false, true} {
					m := usual(s)
					m.caller = caller
					before := *m
					step, err := m.Input(in)
					checkStep(t, before, *m, in, step, err)
				}
			}
		}
	}
}

// checkStep holds for every step whatsoever.
func checkStep(t *testing.T, before, after Machine, in Input, step Step, err error) {
	t.Helper()
	require.Less(t, after.state, numStates)
	if err != nil {
		var ue *UserError
		require.ErrorAs(t, err, &ue)
		require.Equal(t, UserError{State: before.state, Event: in.Event}, *ue)
		require.Equal(t, before, after, "%v in %v: an error changes nothing", in.Event, before.state)
		require.False(t, in.Event < numEvents && in.Event.byPeer(), "%v in %v: the peer is no user", in.Event, before.state)
		require.Zero(t, step)
		return
	}
	if slices.Contains(step.Actions, SendESID) {
		require.Equal(t, WaitDisconnect, after.state, "%v in %v", in.Event, before.state)
	}
	if in.Event == ESID {
		require.False(t, slices.ContainsFunc(step.Actions, sends), "ESID is never answered, in %v", before.state)
	}
	if slices.ContainsFunc(step.Actions, sends) {
		opened := slices.Contains(step.Actions, NetAccept)
		require.True(t, opened || slices.Contains(connected, before.state), "%v in %v sends", in.Event, before.state)
	}
}

func sends(a Action) bool { return a <= SendAURP }
