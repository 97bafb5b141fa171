package oftpstate

// Mode says which files one side may send, from that side's point of view.
type Mode byte

// The modes, SSIDSR in section 5.3.2.
const (
	Both        Mode = iota // B: sends and receives files
	SendOnly                // S: sends files only
	ReceiveOnly             // R: receives files only
)

// String returns the letter of SSIDSR.
func (m Mode) String() string {
	if m > ReceiveOnly {
		return "?"
	}
	return "BSR"[m : m+1]
}

// opposite is what a side of mode m leaves to its peer.
func (m Mode) opposite() Mode {
	switch m {
	case SendOnly:
		return ReceiveOnly
	case ReceiveOnly:
		return SendOnly
	}
	return m
}

// and narrows m by n; two that exclude each other leave nothing.
func (m Mode) and(n Mode) (both Mode, ok bool) {
	switch {
	case m == Both:
		return n, true
	case n == Both, m == n:
		return m, true
	}
	return m, false
}

// The ranges of section 9.7. Level 5 is ODETTE-FTP 2.0, the newest one.
const (
	minLevel, maxLevel   = 1, 5
	minBuffer, maxBuffer = 128, 99999
	minCredit, maxCredit = 1, 999
)

// Parameters are the negotiable parameters of a session, as one side states
// them in its SSID.
type Parameters struct {
	// Level is the protocol release of SSIDLEV: 1 for 1.2, 2 for 1.3, 4 for
	// 1.4, 5 for 2.0. The lower one counts.
	Level int

	// BufferSize is the largest data exchange buffer in octets, 128 to 99999.
	// The lower one counts.
	BufferSize int

	// Credit is the number of data exchange buffers that may be sent before a
	// CDT, 1 to 999. The lower one counts.
	Credit int

	// Mode says who sends files. Two sides that both send only, or both receive
	// only, have no session (ESID 10).
	Mode Mode

	// Compression and Restart are used if both sides have them.
	Compression, Restart bool

	// SpecialLogic is what the peer's SSID says; it is never agreed to.
	SpecialLogic bool

	// Authentication is secure authentication, sections 4.2.3 and 5.3.2. It is
	// not negotiated: sides that differ have no session (ESID 12).
	Authentication bool
}

// clamped returns p with every number brought into its range.
func (p Parameters) clamped() Parameters {
	p.Level = min(max(p.Level, minLevel), maxLevel)
	p.BufferSize = min(max(p.BufferSize, minBuffer), maxBuffer)
	p.Credit = min(max(p.Credit, minCredit), maxCredit)
	p.SpecialLogic = false
	return p
}

// valid reports whether the numbers of a peer make sense. There is no upper
// bound: a later release may count higher, and the lower value wins anyway.
func (p Parameters) valid() bool {
	return p.Level >= minLevel && p.BufferSize >= minBuffer && p.Credit >= minCredit
}

// narrowed returns p as far as the application wants it, and false if it
// wants a mode that p excludes. Authentication is the application's alone.
func (p Parameters) narrowed(want Parameters) (Parameters, bool) {
	if want == (Parameters{}) {
		return p, true
	}
	mode, ok := p.Mode.and(want.Mode)
	return Parameters{
		Level:          smaller(p.Level, want.Level),
		BufferSize:     smaller(p.BufferSize, want.BufferSize),
		Credit:         smaller(p.Credit, want.Credit),
		Mode:           mode,
		Compression:    p.Compression && want.Compression,
		Restart:        p.Restart && want.Restart,
		Authentication: want.Authentication,
	}.clamped(), ok
}

// negotiated returns what p and the peer's parameters have in common, from p's
// point of view, and false if that is no session.
//
// Section 5.3.2 calls it a protocol error when a responder's credit exceeds
// the initiator's. Peers do that, and the lower value serves both.
func (p Parameters) negotiated(peer Parameters) (Parameters, bool) {
	mode, ok := p.Mode.and(peer.Mode.opposite())
	p.Mode = mode
	p.Level = min(p.Level, peer.Level)
	p.BufferSize = min(p.BufferSize, peer.BufferSize)
	p.Credit = min(p.Credit, peer.Credit)
	p.Compression = p.Compression && peer.Compression
	p.Restart = p.Restart && peer.Restart
	return p, ok && peer.valid()
}

// smaller is the smaller of own and want; a want of 0 leaves own.
func smaller(own, want int) int {
	if want == 0 {
		return own
	}
	return min(own, want)
}
