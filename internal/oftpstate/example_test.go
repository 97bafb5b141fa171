package oftpstate_test

import (
	"fmt"

	"github.com/ediport/ediport/internal/oftpstate"
)

// A responder takes a session and refuses a file.
func Example() {
	local := oftpstate.Parameters{Level: 5, BufferSize: 4096, Credit: 64}
	peer := oftpstate.Parameters{Level: 5, BufferSize: 2048, Credit: 999}
	m := oftpstate.New(local, false)
	for _, in := range []oftpstate.Input{
		{Event: oftpstate.NetConIND},
		{Event: oftpstate.SSID, Session: peer},
		{Event: oftpstate.ConnectRS},
		{Event: oftpstate.SFID},
		{Event: oftpstate.StartFileRSNegative},
	} {
		step, err := m.Input(in)
		fmt.Println(in.Event, step.Actions, m.State(), err)
	}
	fmt.Println(m.Agreed().BufferSize, m.Agreed().Credit)
	// Output:
	// N_CON_IND [N_CON_RS SSRM] A_NC_ONLY <nil>
	// SSID [F_CONNECT_IND] A_WF_CONRS <nil>
	// F_CONNECT_RS [SSID] IDLELI <nil>
	// SFID [F_START_FILE_IND] OPIP <nil>
	// F_START_FILE_RS(-) [SFNA] IDLELI <nil>
	// 2048 64
}
