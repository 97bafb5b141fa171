package oftpstate

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// exchange is one event of a session and what our side makes of it.
type exchange struct {
	in   Input
	want string
}

// opened is a session as the initiator, up to the first turn.
var opened = []exchange{
	{Input{Event: ConnectRQ}, "N_CON_RQ I_WF_NC"},
	{Input{Event: NetConCF}, "I_WF_RM"},
	{Input{Event: SSRM}, "SSID I_WF_SSID"},
	{Input{Event: SSID, Session: typical}, "F_CONNECT_CF IDLESP"},
}

// answered is a session as the responder, up to the first turn.
var answered = []exchange{
	{Input{Event: NetConIND}, "N_CON_RS SSRM A_NC_ONLY"},
	{Input{Event: SSID, Session: typical}, "F_CONNECT_IND A_WF_CONRS"},
	{Input{Event: ConnectRS}, "SSID IDLELI"},
}

// sent and received are a file of one buffer each way.
var (
	sent = []exchange{
		{Input{Event: StartFileRQ}, "SFID OPOP"},
		{Input{Event: SFPA}, "F_START_FILE_CF(+) OPO"},
		{Input{Event: DataRQ}, "DATA F_DATA_CF OPO"},
		{Input{Event: CloseFileRQ}, "EFID CLOP"},
	}
	received = []exchange{
		{Input{Event: SFID}, "F_START_FILE_IND OPIP"},
		{Input{Event: StartFileRSPositive}, "SFPA OPI"},
		{Input{Event: DATA}, "F_DATA_IND OPI"},
		{Input{Event: EFID}, "F_CLOSE_FILE_IND CLIP"},
	}
)

// Sessions that other implementations were seen to hold, with this machine in
// the place of their partner.
func TestPeers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		caller  bool
		local   Parameters
		begin   []exchange
		file    []exchange
		further []exchange
	}{
		{"the responder ends after the receipt", true, typical, opened, sent, []exchange{
			{Input{Event: EFPA, Speaker: true}, "F_CLOSE_FILE_CF(+) CD IDLELI"},
			{Input{Event: EERP}, "F_EERP_IND RTRP"},
			{Input{Event: RTRRS}, "RTR IDLELI"},
			{Input{Event: ESID}, "F_RELEASE_IND N_DISC_RQ IDLE"},
			{Input{Event: NetDiscIND}, "IDLE"},
		}},
		{"the responder sends a receipt and ends", false, typical, answered, received, []exchange{
			{Input{Event: CloseFileRSPositive, Speaker: true}, "EFPA WF_CD"},
			{Input{Event: CD}, "IDLESP"},
			{Input{Event: NERPRQ}, "NERP WF_RTR"},
			{Input{Event: RTR}, "F_RTR_CF IDLESP"},
			{Input{Event: ReleaseRQ}, "ESID(R=00) WF_NDISC"},
			{Input{Event: NetDiscIND}, "IDLE"},
		}},
		{"the initiator gives the turn away unasked", false, typical, answered, received, []exchange{
			{Input{Event: CloseFileRSPositive}, "EFPA IDLELI"},
			{Input{Event: CD}, "F_CD_IND IDLESPCD"},
			{Input{Event: EERPRQ}, "EERP WF_RTR"},
			{Input{Event: RTR}, "F_RTR_CF IDLESP"},
			{Input{Event: CDRQ}, "CD IDLELICD"},
			{Input{Event: ESID}, "F_RELEASE_IND N_DISC_RQ IDLE"},
		}},
		{"both directions in one session", true, typical, opened, sent, append([]exchange{
			{Input{Event: EFPA, Speaker: true}, "F_CLOSE_FILE_CF(+) CD IDLELI"},
		}, append(received, []exchange{
			{Input{Event: CloseFileRSPositive, Speaker: true}, "EFPA WF_CD"},
			{Input{Event: CD}, "IDLESP"},
			{Input{Event: EERPRQ}, "EERP WF_RTR"},
			{Input{Event: RTR}, "F_RTR_CF IDLESP"},
			{Input{Event: CDRQ}, "CD IDLELICD"},
			{Input{Event: EERP}, "F_EERP_IND RTRP"},
			{Input{Event: RTRRS}, "RTR IDLELI"},
			{Input{Event: CD}, "F_CD_IND IDLESPCD"},
			{Input{Event: ReleaseRQ}, "ESID(R=00) WF_NDISC"},
		}...)...)},
		{"file refused, turn given, end", true, typical, opened, nil, []exchange{
			{Input{Event: StartFileRQ}, "SFID OPOP"},
			{Input{Event: SFNA}, "F_START_FILE_CF(-) IDLESP"},
			{Input{Event: CDRQ}, "CD IDLELICD"},
			{Input{Event: ESID}, "F_RELEASE_IND N_DISC_RQ IDLE"},
		}},
		{"wrong password", true, typical, opened[:3], nil, []exchange{
			{Input{Event: ESID, Reason: 4}, "F_ABORT_IND(R=04,AO=D) N_DISC_RQ IDLE"},
		}},
		{"level too low for us", true, typical, opened, nil, []exchange{
			{Input{Event: ReleaseRQ, Reason: 10}, "ESID(R=10) WF_NDISC"},
			{Input{Event: ESID, Reason: 2}, "N_DISC_RQ IDLE"},
		}},
		{"authentication demanded of a responder without", false, typical, answered[:1], nil, []exchange{
			{Input{Event: SSID, Session: withAuthentication(typical)}, "F_CONNECT_IND A_WF_CONRS"},
			{Input{Event: ConnectRS}, "ESID(R=12) F_ABORT_IND(R=12,AO=L) WF_NDISC"},
			{Input{Event: NetResetIND}, "N_DISC_RQ IDLE"},
		}},
		{"DATA before SFPA", false, typical, answered, received[:1], []exchange{
			{Input{Event: DATA}, protocolError},
			{Input{Event: DATA}, "WF_NDISC"},
			{Input{Event: EFID}, "WF_NDISC"},
			{Input{Event: TimeOut}, "N_DISC_RQ IDLE"},
		}},
		{"the end instead of waiting for EFPA", false, typical, answered, received, []exchange{
			{Input{Event: ESID}, "F_ABORT_IND(R=00,AO=D) N_DISC_RQ IDLE"},
		}},
		{"credits ahead", true, typical, opened, sent[:1], []exchange{
			{Input{Event: CDT}, "OPOP"},
			{Input{Event: SFPA}, "F_START_FILE_CF(+) OPO"},
			{Input{Event: DataRQ}, "DATA F_DATA_CF OPO"},
			{Input{Event: DataRQ}, "DATA F_DATA_CF OPO"},
			{Input{Event: CDT}, "OPO"},
			{Input{Event: DataRQ}, "DATA F_DATA_CF OPO"},
			{Input{Event: DataRQ}, "DATA F_DATA_CF OPO"},
			{Input{Event: DataRQ}, "DATA OPOWFC"},
			{Input{Event: CDT}, "F_DATA_CF OPO"},
			{Input{Event: CloseFileRQ}, "EFID CLOP"},
			{Input{Event: CDT}, "CLOP"},
			{Input{Event: EFPA}, "F_CLOSE_FILE_CF(+) IDLESP"},
		}},
		{"files first, the turn later", false, typical, answered, received, []exchange{
			{Input{Event: CloseFileRSPositive, Speaker: true}, "EFPA WF_CD"},
			{Input{Event: SFID}, "F_START_FILE_IND OPIP"},
			{Input{Event: StartFileRSNegative}, "SFNA IDLELI"},
			{Input{Event: EERP}, "F_EERP_IND RTRP"},
			{Input{Event: RTRRS}, "RTR IDLELI"},
			{Input{Event: CD}, "F_CD_IND IDLESPCD"},
		}},
		{"idle ping-pong", true, typical, opened, nil, []exchange{
			{Input{Event: CDRQ}, "CD IDLELICD"},
			{Input{Event: CD}, "F_CD_IND IDLESPCD"},
			{Input{Event: CDRQ}, "UE"},
			{Input{Event: ReleaseRQ}, "ESID(R=00) WF_NDISC"},
		}},
		{"a file for one who only sends", false, withMode(SendOnly), answered, nil, []exchange{
			{Input{Event: SFID}, protocolError},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := New(c.local, c.caller)
			for _, part := range [][]exchange{c.begin, c.file, c.further} {
				for _, x := range part {
					before := m.State()
					step, err := m.Input(x.in)
					require.Equal(t, x.want, outcome(m, step, err), "%v in %v", x.in.Event, before)
				}
			}
		})
	}
}
