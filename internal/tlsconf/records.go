package tlsconf

import (
	"encoding/binary"
	"fmt"
	"net"
)

// LogRecords returns a connection that reports the header of each TLS record
// that passes (RFC 8446, section 5.1), such as "received handshake record, 517
// octets, TLSv1", and changes nothing. It belongs under a [tls.Conn]: reads may
// run beside writes, but not two of a kind, and report is called from both.
// After something that is no TLS record, nothing more of that direction is
// reported.
func LogRecords(c net.Conn, report func(string)) net.Conn {
	return &recordLog{
		Conn: c,
		in:   recordScanner{verb: "received", report: report},
		out:  recordScanner{verb: "sent", report: report},
	}
}

type recordLog struct {
	net.Conn
	in, out recordScanner
}

// Read implements [net.Conn].
func (l *recordLog) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.in.scan(p[:n])
	return n, err
}

// Write implements [net.Conn].
func (l *recordLog) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	l.out.scan(p[:n])
	return n, err
}

const (
	recordHeader = 5
	// maxRecord is the longest body that a version allows: TLS 1.2 adds up to
	// 2048 octets to 2^14 (RFC 5246, section 6.2.3).
	maxRecord = 1<<14 + 2048
)

// recordTypes are the content types.
var recordTypes = map[byte]string{
	20: "change cipher spec",
	21: "alert",
	22: "handshake",
	23: "application data",
	24: "heartbeat",
}

// recordScanner follows one direction of a stream in pieces of any size.
type recordScanner struct {
	verb   string
	report func(string)
	header [recordHeader]byte
	have   int  // octets of header so far
	body   int  // octets of the body still to come
	lost   bool // the stream is not TLS
}

func (s *recordScanner) scan(p []byte) {
	for len(p) > 0 && !s.lost {
		if s.body > 0 {
			n := min(s.body, len(p))
			s.body -= n
			p = p[n:]
			continue
		}
		n := copy(s.header[s.have:], p)
		s.have += n
		p = p[n:]
		if s.have == recordHeader {
			s.have = 0
			s.begin()
		}
	}
}

// begin takes in a complete header.
func (s *recordScanner) begin() {
	kind, known := recordTypes[s.header[0]]
	version := binary.BigEndian.Uint16(s.header[1:])
	s.body = int(binary.BigEndian.Uint16(s.header[3:]))
	if !known || version>>8 != 3 || s.body > maxRecord {
		s.lost = true
		s.report(fmt.Sprintf("%s something that is no TLS record: % X", s.verb, s.header))
		return
	}
	s.report(fmt.Sprintf("%s %s record, %d octets, %s", s.verb, kind, s.body, versionName(version)))
}
