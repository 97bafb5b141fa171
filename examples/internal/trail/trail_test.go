package trail_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/ediport/ediport/examples/internal/trail"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
)

// command is an event of a connection. The letters are those of RFC 5024,
// section 5.3.1.
func command(connection string, d oftp.Direction, letter byte, text string) *oftp.PITrailEvent {
	return &oftp.PITrailEvent{ConnectionID: connection, Direction: d, CommandID: oftp.CommandID(letter), Data: []byte(text)}
}

func TestDataIsCounted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := trail.New(&out)
	p.Event(command("1", oftp.FromClient, 'H', "SFID Name=A Format=U RecordSize=0 SignedReceipt=N"))
	for range 3 {
		p.Event(command("1", oftp.FromClient, 'D', "DATA 128 octets"))
	}
	p.Event(command("1", oftp.FromServer, 'C', "CDT"))
	p.Event(command("1", oftp.FromClient, 'T', "EFID Octets=384"))
	p.Flush("1")
	assert.Equal(t, "client  SFID Name=A Format=U\nclient  DATA x 3, CDT x 1\nclient  EFID Octets=384\n", out.String())
}

func TestSessionsAreCountedApart(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := trail.New(&out)
	p.ShowConnection = true
	p.Event(command("1", oftp.FromClient, 'D', ""))
	p.Event(command("2", oftp.FromServer, 'D', ""))
	p.Event(command("2", oftp.FromServer, 'D', ""))
	p.Flush("1")
	p.Flush("1")
	p.Flush("2")
	assert.Equal(t, "1 client  DATA x 1, CDT x 0\n2 server  DATA x 2, CDT x 0\n", out.String())
}

func Example() {
	c := oftp.NewClient()
	if _, err := c.Config(trail.Setting); err != nil {
		panic(err)
	}
	c.OnPITrail = trail.New(os.Stdout).Event
	// From here on, each command of a session is a line.
	c.OnPITrail(command("1", oftp.FromServer, 'I', "SSRM"))
	// Output: server  SSRM
}
