package oftp_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ediport/ediport/internal/oftpwire"
	"github.com/ediport/ediport/oftp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long a peer waits for anything: only a hang takes so long.
const patience = 20 * time.Second

// A peer is the far side of a session, played by hand: it sends what the test
// wants, commands or any other octets, and says what it gets. It belongs to the
// test's goroutine.
type peer struct {
	t     testing.TB
	conn  net.Conn
	level oftpwire.Level
	code  string // its SSID code, of no other peer: receipts are owed to codes
}

var peers atomic.Int64

func newPeer(t testing.TB, conn net.Conn) *peer {
	t.Helper()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	t.Cleanup(func() { conn.Close() })
	return &peer{t: t, conn: conn, level: oftpwire.Level20, code: "O0055PEER" + strconv.FormatInt(peers.Add(1), 10)}
}

// dialPeer connects a peer to a server; nothing has been exchanged.
func dialPeer(t testing.TB, srv *oftp.Server) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(srv.LocalPort)))
	require.NoError(t, err)
	return newPeer(t, conn)
}

// loggedIn connects a peer to a server and begins a session; change alters what
// it says of itself.
func loggedIn(t testing.TB, srv *oftp.Server, change func(*oftpwire.SSID)) *peer {
	t.Helper()
	p := dialPeer(t, srv)
	p.login(change)
	return p
}

// A door is a listener for a client under test.
type door struct {
	t testing.TB
	l *net.TCPListener
}

func newDoor(t testing.TB) door {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return door{t, l}
}

func (d door) port() int { return d.l.Addr().(*net.TCPAddr).Port }

func (d door) accept() *peer {
	d.t.Helper()
	require.NoError(d.t, d.l.SetDeadline(time.Now().Add(patience)))
	conn, err := d.l.Accept()
	require.NoError(d.t, err)
	return newPeer(d.t, conn)
}

// newSSID is what a peer says of itself when it is not to be remarkable.
func (p *peer) newSSID() oftpwire.SSID {
	return oftpwire.SSID{
		Level:      p.level,
		Code:       p.code,
		Password:   "CLIPWD",
		BufferSize: 4096,
		Direction:  oftpwire.Both,
		Restart:    true,
		Credit:     64,
	}
}

// newSFID is a file for the test server.
func (p *peer) newSFID(name string) oftpwire.SFID {
	return oftpwire.SFID{
		Name:        name,
		Stamp:       oftpwire.Stamp{Date: "20261120", Time: "0831440001"}.At(p.level),
		Destination: serverCode,
		Originator:  p.code,
		Format:      oftpwire.Unstructured,
		Size:        1,
	}
}

func (p *peer) login(change func(*oftpwire.SSID)) {
	p.t.Helper()
	want[oftpwire.SSRM](p)
	ssid := p.newSSID()
	if change != nil {
		change(&ssid)
	}
	p.send(ssid)
	p.level = oftpwire.Lower(ssid.Level, want[oftpwire.SSID](p).Level)
}

// offer offers a file and sees it accepted.
func (p *peer) offer(sfid oftpwire.SFID) {
	p.t.Helper()
	p.send(sfid)
	want[oftpwire.SFPA](p)
}

// deliver sends a small U file up to its confirmation.
func (p *peer) deliver(name, content string) {
	p.t.Helper()
	p.offer(p.newSFID(name))
	p.send(data(content), oftpwire.EFID{Octets: int64(len(content))})
	want[oftpwire.EFPA](p)
}

// data is one DATA buffer with a short record.
func data(content string) oftpwire.DATA {
	payload, _, _ := oftpwire.AppendRecord(nil, oftpwire.MaxBuffer, []byte(content), true, false)
	return oftpwire.DATA{Payload: payload}
}

// send sends commands in one write.
func (p *peer) send(commands ...oftpwire.Command) {
	p.t.Helper()
	var octets []byte
	for _, cmd := range commands {
		b, err := cmd.Append(nil, p.level)
		require.NoError(p.t, err)
		octets = append(octets, framed(b)...)
	}
	p.write(octets)
}

// sendBuffer sends any octets as an exchange buffer.
func (p *peer) sendBuffer(b string) {
	p.t.Helper()
	p.write(framed([]byte(b)))
}

func framed(b []byte) []byte { return append(oftpwire.AppendHeader(nil, len(b)), b...) }

// write sends any octets.
func (p *peer) write(octets []byte) {
	p.t.Helper()
	_, err := p.conn.Write(octets)
	require.NoError(p.t, err)
}

// read returns the next exchange buffer, or io.EOF.
func (p *peer) read() ([]byte, error) {
	var header [oftpwire.HeaderSize]byte
	if _, err := io.ReadFull(p.conn, header[:]); err != nil {
		return nil, err
	}
	n, err := oftpwire.ParseHeader(header)
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(p.conn, b)
	return b, err
}

// next returns the next command.
func (p *peer) next() oftpwire.Command {
	p.t.Helper()
	b, err := p.read()
	require.NoError(p.t, err)
	cmd, err := oftpwire.Parse(p.level, b)
	require.NoError(p.t, err)
	return cmd
}

// want returns the next command, which is to be of a kind.
func want[C oftpwire.Command](p *peer) C {
	p.t.Helper()
	cmd := p.next()
	c, ok := cmd.(C)
	require.True(p.t, ok, "%T was due, got %s", c, oftpwire.Describe(cmd))
	return c
}

// wantEnd sees the session ended for a reason, and the connection closed.
func (p *peer) wantEnd(reason int) {
	p.t.Helper()
	assert.Equal(p.t, reason, want[oftpwire.ESID](p).Reason)
	p.hangUp()
}

// hangUp closes this side's half of the connection, and sees the other half
// closed without another word.
func (p *peer) hangUp() {
	p.t.Helper()
	p.closeHalf()
	_, err := p.read()
	require.ErrorIs(p.t, err, io.EOF)
}

func (p *peer) closeHalf() {
	if half, ok := p.conn.(*net.TCPConn); ok {
		_ = half.CloseWrite() // the far side may have closed everything already
	}
}

// quit ends the session as it ought to be.
func (p *peer) quit() {
	p.t.Helper()
	p.send(oftpwire.ESID{})
	p.hangUp()
}

// receipt takes the turn over, sees a receipt, and ends the session.
func (p *peer) receipt(name string) {
	p.t.Helper()
	p.send(oftpwire.CD{})
	assert.Equal(p.t, name, want[oftpwire.EERP](p).Name)
	p.send(oftpwire.RTR{})
	want[oftpwire.CD](p)
	p.quit()
}

// shutDownAfter shuts a server down when the test has ended, and waits for its
// last handler.
func shutDownAfter(t testing.TB, srv *oftp.Server) {
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		assert.NoError(t, srv.ShutdownContext(ctx))
	})
}

// goodCode begins the SSID codes of the peers of requireServing.
const goodCode = "GOOD"

// requireServing checks that a server serves a session as it should, with a file
// and its receipt: whatever it has been through.
func requireServing(t testing.TB, srv *oftp.Server) {
	t.Helper()
	p := loggedIn(t, srv, func(ssid *oftpwire.SSID) { ssid.Code = goodCode + ssid.Code[len(goodCode):] })
	name := fmt.Sprint("GOOD", peers.Add(1))
	p.deliver(name, "good")
	p.receipt(name)
}
