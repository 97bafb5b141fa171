package oftp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/require"
)

// letters are all command identifiers of OFTP 2.0.
const letters = "IXH23DCT45FRENPJAS"

// A command that has no place in a state ends the session with reason 02 (RFC
// 5024, section 5.3.11), for every command in every state that a server waits
// in; other sessions do not notice.
func TestCommandOutOfState(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]struct {
		reach func(*peer)
		legal string // ESID ends the session without an answer
	}{
		"before Start Session":      {legal: "XF", reach: func(p *peer) { want[oftpwire.SSRM](p) }},
		"idle":                      {legal: "HRENCF", reach: func(p *peer) { p.login(nil) }},
		"idle, turn given back":     {legal: "HRENCF", reach: gaveBack},
		"receiving a file":          {legal: "DTCF", reach: receiving},
		"turn asked for":            {legal: "RHENCF", reach: delivered},
		"receipt sent":              {legal: "PCF", reach: receiptDue},
		"file offered":              {legal: "23CF", reach: offered},
		"sending, without credit":   {legal: "CF", reach: withoutCredit},
		"file sent, to be answered": {legal: "45CF", reach: fileSent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := newServer(t, sendsFiles(t))
			t.Run("commands", func(t *testing.T) {
				for i := range letters {
					if id := letters[i]; strings.IndexByte(state.legal, id) < 0 {
						t.Run(oftpwire.ID(id).String(), func(t *testing.T) {
							t.Parallel()
							p := dialPeer(t, srv)
							state.reach(p)
							p.send(sample(p, oftpwire.ID(id)))
							p.wantEnd(2)
						})
					}
				}
			})
			requireServing(t, srv)
		})
	}
}

// sample is a flawless command of every kind.
func sample(p *peer, id oftpwire.ID) oftpwire.Command {
	stamp := oftpwire.Stamp{Date: "20261120", Time: "0831440001"}
	return map[oftpwire.ID]oftpwire.Command{
		oftpwire.IDSSRM: oftpwire.SSRM{},
		oftpwire.IDSSID: p.newSSID(),
		oftpwire.IDSFID: p.newSFID("SAMPLE"),
		oftpwire.IDSFPA: oftpwire.SFPA{},
		oftpwire.IDSFNA: oftpwire.SFNA{Reason: 99},
		oftpwire.IDDATA: data("data"),
		oftpwire.IDCDT:  oftpwire.CDT{},
		oftpwire.IDEFID: oftpwire.EFID{},
		oftpwire.IDEFPA: oftpwire.EFPA{},
		oftpwire.IDEFNA: oftpwire.EFNA{Reason: 99},
		oftpwire.IDESID: oftpwire.ESID{},
		oftpwire.IDCD:   oftpwire.CD{},
		oftpwire.IDEERP: oftpwire.EERP{Name: "SAMPLE", Stamp: stamp},
		oftpwire.IDNERP: oftpwire.NERP{Name: "SAMPLE", Stamp: stamp, Reason: 99},
		oftpwire.IDRTR:  oftpwire.RTR{},
		oftpwire.IDSECD: oftpwire.SECD{},
		oftpwire.IDAUCH: oftpwire.AUCH{Challenge: []byte("challenge")},
		oftpwire.IDAURP: oftpwire.AURP{},
	}[id]
}

// sendsFiles makes a server offer one file in each turn it gets,
// but none to the peers of requireServing.
func sendsFiles(t *testing.T) func(*oftp.Server) {
	path := writeFile(t, "OUT", numbers(200))
	return func(s *oftp.Server) {
		s.OnReadyToSend = func(e *oftp.ReadyToSendEvent) {
			if !strings.HasPrefix(e.Connection.SSIDCode(), goodCode) {
				_ = e.Connection.SendFile("", path, "OUT") // the peer spoils it
			}
			_ = e.Connection.Logoff()
		}
	}
}

// The ways to the states.

func receiving(p *peer) {
	p.login(nil)
	p.offer(p.newSFID(fmt.Sprint("IN", peers.Add(1))))
}

func delivered(p *peer) {
	p.login(nil)
	p.deliver(fmt.Sprint("IN", peers.Add(1)), "content")
}

func receiptDue(p *peer) {
	delivered(p)
	p.send(oftpwire.CD{})
	want[oftpwire.EERP](p)
}

func offered(p *peer) {
	p.login(nil)
	p.send(oftpwire.CD{})
	want[oftpwire.SFID](p)
}

func withoutCredit(p *peer) {
	p.login(func(ssid *oftpwire.SSID) { ssid.BufferSize, ssid.Credit = oftpwire.MinBuffer, 1 })
	p.send(oftpwire.CD{})
	want[oftpwire.SFID](p)
	p.send(oftpwire.SFPA{})
	want[oftpwire.DATA](p)
}

func fileSent(p *peer) {
	offered(p)
	p.send(oftpwire.SFPA{})
	want[oftpwire.DATA](p)
	want[oftpwire.EFID](p)
}

func gaveBack(p *peer) {
	offered(p)
	p.send(oftpwire.SFNA{Reason: 99})
	want[oftpwire.CD](p)
}

// What was not agreed on is out of place, too.
func TestCommandAgainstTheAgreement(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	for name, c := range map[string]struct {
		ssid func(*oftpwire.SSID)
		sfid func(*oftpwire.SFID)
	}{
		"restart": {
			func(ssid *oftpwire.SSID) { ssid.Restart = false },
			func(sfid *oftpwire.SFID) { sfid.Restart = 1 },
		},
		"direction": {
			func(ssid *oftpwire.SSID) { ssid.Direction = oftpwire.ReceiveOnly },
			func(*oftpwire.SFID) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := loggedIn(t, srv, c.ssid)
			sfid := p.newSFID("FILE")
			c.sfid(&sfid)
			p.send(sfid)
			p.wantEnd(2)
			requireServing(t, srv)
		})
	}
}

// What a server can do to a client that sends a file, and the client's answer.
func TestClientMeetsABadServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reach  func(*peer)
		buffer string
		reason int
	}{
		"unknown letter for SFPA":  {fileOffer, "Q", 1},
		"SFPA too short":           {fileOffer, "20", 7},
		"SFPA with letters":        {fileOffer, "2" + strings.Repeat("X", 17), 6},
		"EFPA for SFPA":            {fileOffer, "4N", 2},
		"CD for SFPA":              {fileOffer, "R", 2},
		"SFID for SFPA":            {fileOffer, "H", 7},
		"SFNA of one octet":        {fileOffer, "3", 7},
		"RTR for EFPA":             {fileEnd, "P", 2},
		"SFPA for EFPA":            {fileEnd, "200000000000000000", 2},
		"EFPA with a question":     {fileEnd, "4?", 6},
		"DATA for EFPA":            {fileEnd, "D\x80", 2},
		"EFNA with a text cut off": {fileEnd, "511099short", 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, sent := serveClient(t, true)
			c.reach(p)
			p.sendBuffer(c.buffer)
			p.wantEnd(c.reason)
			requireSessionError(t, <-sent, oftp.SessionError{Reason: c.reason})
		})
	}
}

func fileOffer(p *peer) { want[oftpwire.SFID](p) }

func fileEnd(p *peer) {
	want[oftpwire.SFID](p)
	p.send(oftpwire.SFPA{})
	want[oftpwire.DATA](p)
	want[oftpwire.EFID](p)
}

// What a server can do to a client that logs on.
func TestClientMeetsABadServerAtLogon(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		buffers []string
		reason  int
	}{
		"SSRM of others":      {[]string{"IODETTE FTP READY!\r"}, 6},
		"SSRM cut":            {[]string{"IODETTE FTP"}, 7},
		"SSID for SSRM":       {[]string{"X5"}, 7},
		"CD for SSRM":         {[]string{"R"}, 2},
		"HTTP for SSRM":       {[]string{"HTTP/1.1 400 Bad Request"}, 7},
		"SSRM twice":          {[]string{"IODETTE FTP READY \r", "IODETTE FTP READY \r"}, 2},
		"SSID cut":            {[]string{"IODETTE FTP READY \r", "X5O0055SERVER"}, 7},
		"CD for SSID":         {[]string{"IODETTE FTP READY \r", "R"}, 2},
		"buffer before login": {[]string{strings.Repeat("I", 5000)}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			done := make(chan error, 1)
			go func() { done <- dialDoor(t, d).Logon(t.Context()) }()
			p := d.accept()
			for i, b := range c.buffers {
				p.sendBuffer(b)
				if i < len(c.buffers)-1 {
					want[oftpwire.SSID](p)
				}
			}
			p.wantEnd(c.reason)
			requireSessionError(t, <-done, oftp.SessionError{Reason: c.reason})
		})
	}
}

// A server must not start a file later than the client has asked for.
func TestClientRefusesAPositionBeyondTheOffer(t *testing.T) {
	t.Parallel()
	for name, agreed := range map[string]bool{"restart agreed": true, "restart not agreed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, sent := serveClient(t, agreed)
			offer := want[oftpwire.SFID](p)
			require.Zero(t, offer.Restart, "a new file has no earlier part")
			p.send(oftpwire.SFPA{Restart: 1})
			p.wantEnd(2)
			requireSessionError(t, <-sent, oftp.SessionError{Reason: 2})
		})
	}
}

// serveClient logs a client on to a peer, and has it send a file; the channel
// gives its result.
func serveClient(t *testing.T, restart bool) (*peer, <-chan error) {
	t.Helper()
	d := newDoor(t)
	c := dialDoor(t, d)
	path := writeFile(t, "OUT", numbers(200))
	sent := make(chan error, 1)
	go func() {
		err := c.Logon(t.Context())
		if err == nil {
			err = c.SendFile("", path, "OUT")
		}
		sent <- err
	}()
	p := d.accept()
	p.code = serverCode
	p.send(oftpwire.SSRM{})
	want[oftpwire.SSID](p)
	ssid := p.newSSID()
	ssid.Restart = restart
	p.send(ssid)
	return p, sent
}

// dialDoor returns a client of a door, not logged on.
func dialDoor(t *testing.T, d door) *oftp.Client {
	c := oftp.NewClient()
	c.RemoteHost, c.RemotePort, c.Timeout = "127.0.0.1", d.port(), patience
	c.ClientSSIDCode, c.ServerSSIDCode = clientCode, serverCode
	t.Cleanup(c.Disconnect)
	return c
}

func requireSessionError(t *testing.T, err error, want oftp.SessionError) {
	t.Helper()
	var got *oftp.SessionError
	require.ErrorAs(t, err, &got)
	require.Equal(t, want, *got)
}
