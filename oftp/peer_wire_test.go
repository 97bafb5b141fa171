package oftp_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/internal/trap"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stream transmission buffer that cannot be: reason 07, before and after login.
func TestStreamHeader(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	for name, header := range map[string]string{
		"version 0":              "\x00\x00\x00\x05",
		"version 2":              "\x20\x00\x00\x05",
		"version 15":             "\xFF\xFF\xFF\xFF",
		"length 0":               "\x10\x00\x00\x00",
		"length 1":               "\x10\x00\x00\x01",
		"length 3":               "\x10\x00\x00\x03",
		"length 100004":          "\x10\x01\x86\xA4",
		"length 16 MiB less one": "\x10\xFF\xFF\xFF",
		"HTTP":                   "GET / HTTP/1.1\r\n\r\n",
		"TLS":                    "\x16\x03\x01\x02\x00\x01",
	} {
		for when, reach := range map[string]func(*peer){
			"before login": func(p *peer) { want[oftpwire.SSRM](p) },
			"after login":  func(p *peer) { p.login(nil) },
			"in a file":    receiving,
		} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				p := dialPeer(t, srv)
				reach(p)
				p.write([]byte(header))
				p.wantEnd(7)
				requireServing(t, srv)
			})
		}
	}
}

// Strangers get no large buffers.
func TestOversizedBufferBeforeLogin(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	p := dialPeer(t, srv)
	want[oftpwire.SSRM](p)
	p.write(oftpwire.AppendHeader(nil, oftpwire.MaxBuffer))
	p.wantEnd(7)
	requireServing(t, srv)
}

// A header with nothing behind it is what one peer sends when it leaves.
func TestEmptyBufferAnywhere(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	p := dialPeer(t, srv)
	empty := func() { p.write([]byte{0x10, 0, 0, oftpwire.HeaderSize}) }
	want[oftpwire.SSRM](p)
	empty()
	p.send(p.newSSID())
	want[oftpwire.SSID](p)
	empty()
	p.offer(p.newSFID("FILE"))
	empty()
	p.send(data("con"))
	empty()
	p.send(data("tent"), oftpwire.EFID{Octets: 7})
	empty()
	want[oftpwire.EFPA](p)
	empty()
	p.receipt("FILE")
	requireServing(t, srv)
}

// A command that is cut, and the connection closed: no answer, no hang.
func TestCutBuffer(t *testing.T) {
	t.Parallel()
	ended := make(chan int, 1)
	srv := newServer(t, func(s *oftp.Server) {
		s.OnDisconnected = func(e *oftp.DisconnectedEvent) { ended <- e.StatusCode }
	})
	whole, err := (&peer{level: oftpwire.Level20}).newSFID("FILE").Append(nil, oftpwire.Level20)
	require.NoError(t, err)
	whole = framed(whole)
	for _, n := range []int{0, 1, 3, 4, 5, len(whole) - 1} {
		p := loggedIn(t, srv, nil)
		p.write(whole[:n])
		p.hangUp()
		assert.Equal(t, trap.CodeReset, <-ended, "%d octets of a command", n)
	}
	requireServing(t, srv)
	assert.Zero(t, <-ended)
}

// Octets that stand for no command of the level are reason 01; fields that hold
// what they cannot, 06; buffers that are too short or too long, 07.
func TestMalformedCommand(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	for name, c := range map[string]struct {
		reach  func(*peer)
		buffer func(*peer) string
		reason int
	}{
		"unknown letter, before login": {connected, raw("Q"), 1},
		"unknown letter":               {idle, raw("Q"), 1},
		"letter of lower case":         {idle, raw("h"), 1},
		"zero":                         {idle, raw("\x00"), 1},
		"NERP at 1.3":                  {at(oftpwire.Level13), raw("N" + strings.Repeat(" ", 130)), 1},
		"SECD at 1.4":                  {at(oftpwire.Level14), raw("J"), 1},
		"AUCH at 1.2":                  {at(oftpwire.Level12), raw("A"), 1},

		"SSID of level 0":           {connected, ssidWith(1, "0"), 6},
		"SSID with a control":       {connected, ssidWith(2, "\x01"), 6},
		"SSID with a buffer of 127": {connected, ssidWith(35, "00127"), 6},
		"SSID with a buffer of X":   {connected, ssidWith(35, "0X128"), 6},
		"SSID of direction Q":       {connected, ssidWith(40, "Q"), 6},
		"SSID with compression 1":   {connected, ssidWith(41, "1"), 6},
		"SSID without credit":       {connected, ssidWith(44, "000"), 6},
		"SSID with credit -01":      {connected, ssidWith(44, "-01"), 6},
		"SSID, authentication ?":    {connected, ssidWith(47, "?"), 6},
		"SFID with NUL in the name": {idle, sfidWith(3, "\x00"), 6},
		"SFID with a letter date":   {idle, sfidWith(30, "2026112O"), 6},
		"SFID of format Q":          {idle, sfidWith(106, "Q"), 6},
		"SFID, negative restart":    {idle, sfidWith(138, "-0000000000000001"), 6},
		"SFID of security 04":       {idle, sfidWith(155, "04"), 6},
		"SFID, description of -01":  {idle, sfidWith(162, "-01"), 6},
		"EFID with a letter":        {receiving, raw("T" + strings.Repeat("0", 33) + "X"), 6},
		"EERP with a letter date":   {idle, raw("E" + strings.Repeat(" ", 29) + "X0261120" + strings.Repeat("0", 72)), 6},

		"SSID too short":             {connected, raw("X5"), 7},
		"SSID too long":              {connected, func(p *peer) string { return ssidWith(0, "X")(p) + "more" }, 7},
		"SFID too short":             {idle, func(p *peer) string { return sfidWith(0, "H")(p)[:164] }, 7},
		"SFID too long":              {idle, func(p *peer) string { return sfidWith(0, "H")(p) + "x" }, 7},
		"SFID, description cut":      {idle, sfidWith(162, "999"), 7},
		"CD too long":                {idle, raw("RR"), 7},
		"EFID too short":             {receiving, raw("T" + strings.Repeat("0", 33)), 7},
		"EFID too long":              {receiving, raw("T" + strings.Repeat("0", 35)), 7},
		"EERP too short":             {idle, raw("E"), 7},
		"DATA larger than agreed":    {receiving, raw("D" + strings.Repeat("\x00", 4096+oftpwire.HeaderSize)), 7},
		"DATA of the largest buffer": {receiving, raw("D" + strings.Repeat("\x00", oftpwire.MaxBuffer-1)), 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dialPeer(t, srv)
			c.reach(p)
			p.sendBuffer(c.buffer(p))
			p.wantEnd(c.reason)
			requireServing(t, srv)
		})
	}
}

func connected(p *peer) { want[oftpwire.SSRM](p) }

func idle(p *peer) { p.login(nil) }

func at(l oftpwire.Level) func(*peer) {
	return func(p *peer) {
		p.level = l
		p.login(nil)
	}
}

func raw(octets string) func(*peer) string {
	return func(*peer) string { return octets }
}

// ssidWith and sfidWith are good commands with other octets at one place.
func ssidWith(place int, octets string) func(*peer) string {
	return func(p *peer) string { return altered(p, p.newSSID(), place, octets) }
}

func sfidWith(place int, octets string) func(*peer) string {
	return func(p *peer) string { return altered(p, p.newSFID("FILE"), place, octets) }
}

func altered(p *peer, cmd oftpwire.Command, place int, octets string) string {
	b, err := cmd.Append(nil, p.level)
	require.NoError(p.t, err)
	copy(b[place:], octets)
	return string(b)
}

// Two of one command, or thousands: the first is answered, the second ends the
// session, and nobody reads the others.
func TestFloodOfSSID(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	p := dialPeer(t, srv)
	want[oftpwire.SSRM](p)
	ssid, err := p.newSSID().Append(nil, p.level)
	require.NoError(t, err)
	p.write(bytes.Repeat(framed(ssid), 1000))
	want[oftpwire.SSID](p)
	p.wantEnd(2)
	requireServing(t, srv)
}

// The RFC has CR at the end of SSRM, SSID and ESID; peers have others.
func TestCarriageReturns(t *testing.T) {
	t.Parallel()
	srv := newServer(t, nil)
	for name, end := range map[string]string{"0D": "\r", "8D": "\x8d", "0A": "\n", "none": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dialPeer(t, srv)
			want[oftpwire.SSRM](p)
			p.sendBuffer(strings.TrimSuffix(ssidWith(0, "X")(p), "\r") + end)
			want[oftpwire.SSID](p)
			p.sendBuffer("F00000" + end)
			p.hangUp()
		})
		t.Run(name+" from a server", func(t *testing.T) {
			t.Parallel()
			d := newDoor(t)
			done := make(chan error, 1)
			go func() { done <- dialDoor(t, d).Logon(t.Context()) }()
			p := d.accept()
			p.sendBuffer("IODETTE FTP READY " + end)
			want[oftpwire.SSID](p)
			p.sendBuffer("F03000" + end)
			p.hangUp()
			requireSessionError(t, <-done, oftp.SessionError{Reason: 3, ByPeer: true})
		})
	}
}
