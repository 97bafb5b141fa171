package oftpstate

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzInput feeds three octets an input: the event, flags, a number.
func FuzzInput(f *testing.F) {
	script := func(caller byte, all ...Event) []byte {
		b := []byte{caller}
		for _, e := range all {
			b = append(b, byte(e), 0x03, 0)
		}
		return b
	}
	f.Add(script(1, ConnectRQ, NetConCF, SSRM, SSID, StartFileRQ, SFPA, DataRQ, DataRQ, CDT, CloseFileRQ, EFPA, EERP, RTRRS, ESID))
	f.Add(script(0, NetConIND, SSID, ConnectRS, SFID, StartFileRSPositive, DATA, DATA, EFID, CloseFileRSPositive, CD, EERPRQ, RTR, CDRQ, ESID))
	f.Add(script(3, ConnectRQ, NetConCF, SSRM, SSID, AUCH, SECD, AURP, CDRQ, CD, ReleaseRQ, NetDiscIND))
	f.Add(script(2, NetConIND, SSID, ConnectRS, SECD, AURP, AUCH, TimeOut, TimeOut, NetDiscIND))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || len(b) > 1000 { // longer ones only cost time
			return
		}
		local := typical
		local.Credit = 2
		local.Authentication = b[0]&2 != 0
		m := New(local, b[0]&1 != 0)
		for b = b[1:]; len(b) >= 3; b = b[3:] {
			in := fuzzedInput(b, local.Authentication)
			before := *m
			step, err := m.Input(in)
			checkStep(t, before, *m, in, step, err)
			if before.Ended() && in.Event != ConnectRQ && in.Event != NetConIND {
				require.False(t, slices.ContainsFunc(step.Actions, sends), "%v in %v sends after the end", in.Event, before.state)
				require.True(t, m.Ended())
			}
			require.GreaterOrEqual(t, m.Credit(), 0)
			require.LessOrEqual(t, m.Credit(), local.Credit)
		}
	})
}

func fuzzedInput(b []byte, authentication bool) Input {
	flag := func(n uint) bool { return b[1]>>n&1 != 0 }
	in := Input{Event: Event(b[0]), Valid: flag(0), Speaker: flag(2), Reason: int(b[2]), Restart: int64(b[2])}
	if flag(1) {
		in.Session = withMode(Mode(b[1] >> 6))
		in.Session.Authentication = authentication != flag(3)
	} else {
		in.Session = Parameters{Level: int(b[2]) - 1, BufferSize: int(b[2]) << 4, Credit: int(b[2]) - 1}
	}
	return in
}

// A data buffer costs no allocation on either side.
func TestDataAllocatesNothing(t *testing.T) { // AllocsPerRun does not run in parallel
	speaks, listens := transferring()
	assert.Zero(t, testing.AllocsPerRun(1000, func() { oneBuffer(speaks, listens) }))
}

func BenchmarkData(b *testing.B) {
	speaks, listens := transferring()
	b.ReportAllocs()
	for b.Loop() {
		oneBuffer(speaks, listens)
	}
}

func transferring() (speaks, listens *Machine) { return usual(OpenOut), usual(OpenIn) }

// oneBuffer sends a buffer, and the CDT back when it is due.
func oneBuffer(speaks, listens *Machine) {
	_, _ = speaks.Input(Input{Event: DataRQ})
	step, _ := listens.Input(Input{Event: DATA})
	if slices.Contains(step.Actions, SendCDT) {
		_, _ = speaks.Input(Input{Event: CDT})
	}
}
