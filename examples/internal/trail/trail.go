// Package trail prints the protocol trail of the example programs.
package trail

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/ediport/ediport/oftp"
)

// Setting makes PITrail deliver text instead of octets, which [Printer.Event]
// needs: give it to Config of the server or client.
const Setting = "FriendlyLogFormat=True"

// A Printer writes one line for each command of a session. DATA and CDT, of
// which a big file has thousands, become one line with their counts. Sessions
// may run in parallel.
type Printer struct {
	// ShowConnection begins each line with the ConnectionID.
	ShowConnection bool

	out io.Writer

	mu     sync.Mutex        // guards out and counts
	counts map[string]counts // of sessions with a file under way, by ConnectionID
}

// unused takes fields out of the lines that no example uses: the services of
// CMS, and what else stands at its default.
var unused = strings.NewReplacer(
	" SpecialLogic=N", "", " Authentication=N", "", " RecordSize=0", "", " Security=0", "",
	" CipherSuite=0", "", " Compression=0", "", " Envelope=0", "", " SignedReceipt=N", "",
)

// counts are the commands of a session that have not been printed yet.
type counts struct {
	data, cdt int
	sender    oftp.Direction // of DATA
}

// New returns a Printer that writes to out.
func New(out io.Writer) *Printer {
	return &Printer{out: out, counts: make(map[string]counts)}
}

// Event is a handler for OnPITrail.
func (p *Printer) Event(e *oftp.PITrailEvent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts[e.ConnectionID]
	switch e.CommandID.String() {
	case "DATA":
		c.data++
		c.sender = e.Direction
		p.counts[e.ConnectionID] = c
	case "CDT":
		c.cdt++
		p.counts[e.ConnectionID] = c
	default:
		p.flush(e.ConnectionID)
		p.line(e.ConnectionID, e.Direction, unused.Replace(string(e.Data)))
	}
}

// Flush prints the counts of a file that was under way when its session ended:
// call it from OnDisconnected.
func (p *Printer) Flush(connectionID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush(connectionID)
}

func (p *Printer) flush(connectionID string) {
	c, ok := p.counts[connectionID]
	if !ok {
		return
	}
	delete(p.counts, connectionID)
	p.line(connectionID, c.sender, fmt.Sprintf("DATA x %d, CDT x %d", c.data, c.cdt))
}

func (p *Printer) line(connectionID string, d oftp.Direction, text string) {
	who := "client"
	if d == oftp.FromServer {
		who = "server"
	}
	if p.ShowConnection {
		who = connectionID + " " + who
	}
	fmt.Fprintf(p.out, "%s  %s\n", who, text)
}
