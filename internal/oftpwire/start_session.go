package oftpwire

// SSRM is the Start Session Ready Message, with which the responder greets (RFC
// 5024 section 5.3.1).
type SSRM struct{}

// ID returns [IDSSRM].
func (SSRM) ID() ID { return IDSSRM }

// Append implements [Command].
func (c SSRM) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutSSRM) }

func layoutSSRM(f form, _ *SSRM) {
	f.fixed("SSRMMSG", "ODETTE FTP READY ")
	f.carriageReturn()
}

// Direction says which way files may travel, seen from the side that says it.
type Direction byte

// The send and receive capabilities of SSIDSR.
const (
	SendOnly    Direction = 'S'
	ReceiveOnly Direction = 'R'
	Both        Direction = 'B'
)

// String returns the letter.
func (d Direction) String() string { return string(rune(d)) }

// SSID is Start Session, the offer of the initiator and the answer of the
// responder (RFC 5024 section 5.3.2). Its 61 octets are the same at all levels.
type SSID struct {
	Level          Level     // the highest level that the sender of the command can do
	Code           string    // identification code, up to 25 octets
	Password       string    // up to 8 octets
	BufferSize     int       // largest data exchange buffer in octets, 128 to 99999
	Direction      Direction // send and receive capabilities
	Compression    bool      // buffer compression
	Restart        bool      // can go on with a file where a broken transfer stopped
	SpecialLogic   bool      // of X.25; never on TCP
	Credit         int       // data exchange buffers before the speaker waits, 1 to 999
	Authentication bool      // secure authentication, from 2.0
	UserData       string    // up to 8 octets of any kind
}

// ID returns [IDSSID].
func (SSID) ID() ID { return IDSSID }

// Append implements [Command]. The layout depends on c.Level alone.
func (c SSID) Append(b []byte, l Level) ([]byte, error) {
	if !c.Level.Valid() {
		return b, &Error{Reason: reasonInvalidData, Command: IDSSID, Field: "SSIDLEV", Detail: "no release has " + c.Level.String()}
	}
	return write(b, l, c, layoutSSID)
}

func layoutSSID(f form, c *SSID) {
	number(f, "SSIDLEV", 1, 1, 9, &c.Level)
	f.text("SSIDCODE", 25, &c.Code)
	f.secret("SSIDPSWD", 8, &c.Password)
	number(f, "SSIDSDEB", 5, MinBuffer, MaxBuffer, &c.BufferSize)
	letter(f, "SSIDSR", "SRB", &c.Direction)
	flag(f, "SSIDCMPR", &c.Compression)
	flag(f, "SSIDREST", &c.Restart)
	flag(f, "SSIDSPEC", &c.SpecialLogic)
	number(f, "SSIDCRED", 3, 1, 999, &c.Credit)
	if c.Level >= Level20 {
		// Peers that were raised to 2.0 late leave this octet a space, as
		// it is at the older levels.
		flagIn(f, "SSIDAUTH", "YNyn ", &c.Authentication)
	} else {
		f.absent("SSIDAUTH", c.Authentication)
		f.reserved("SSIDAUTH", 1)
	}
	f.reserved("SSIDRSV1", 4)
	f.octets("SSIDUSER", 8, &c.UserData)
	f.carriageReturn()
}
