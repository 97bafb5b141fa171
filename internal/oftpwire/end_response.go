package oftpwire

// EERP is the End to End Response: the final recipient has the file (RFC 5024
// section 5.3.13). Hash and Signature exist at 2.0 only; at the older levels
// they must be empty.
type EERP struct {
	Name        string // as in the file's SFID, like Stamp
	Stamp       Stamp
	UserData    string // up to 8 octets of any kind
	Destination string // the originator of the file
	Originator  string // the destination of the file
	Hash        []byte // of the file as it was transmitted
	Signature   []byte // CMS SignedData
}

// ID returns [IDEERP].
func (EERP) ID() ID { return IDEERP }

// Append implements [Command].
func (c EERP) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutEERP) }

func layoutEERP(f form, c *EERP) {
	f.text("EERPDSN", 26, &c.Name)
	layoutStamp(f, "EERPRSV1", "EERPDATE", "EERPTIME", &c.Stamp)
	f.octets("EERPUSER", 8, &c.UserData)
	f.text("EERPDEST", 25, &c.Destination)
	f.text("EERPORIG", 25, &c.Originator)
	layoutSignature(f, "EERP", &c.Hash, &c.Signature)
}

// NERP is the Negative End Response: the file will not arrive (RFC 5024 section
// 5.3.14). It exists from 1.4 on; Text, Hash and Signature only at 2.0.
type NERP struct {
	Name        string // as in the file's SFID, like Stamp
	Stamp       Stamp
	Destination string // the originator of the file
	Originator  string // the destination of the file
	Creator     string // the location that gave up
	Reason      int    // reason code, two digits
	Text        string // the reason in words, up to 999 octets of UTF-8
	Hash        []byte // of the file as it was transmitted
	Signature   []byte // CMS SignedData
}

// ID returns [IDNERP].
func (NERP) ID() ID { return IDNERP }

// Append implements [Command].
func (c NERP) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutNERP) }

func layoutNERP(f form, c *NERP) {
	f.text("NERPDSN", 26, &c.Name)
	f.reserved("NERPRSV1", 6)
	f.digits("NERPDATE", 8, &c.Stamp.Date)
	f.digits("NERPTIME", 10, &c.Stamp.Time)
	f.text("NERPDEST", 25, &c.Destination)
	f.text("NERPORIG", 25, &c.Originator)
	f.text("NERPCREA", 25, &c.Creator)
	count(f, "NERPREAS", 2, &c.Reason)
	reasonText(f, "NERPREASL", "NERPREAST", &c.Text)
	layoutSignature(f, "NERP", &c.Hash, &c.Signature)
}

// layoutSignature is the end of both responses at 2.0. Peers that came from 1.4
// leave it out when they do not sign.
func layoutSignature(f form, prefix string, hash, signature *[]byte) {
	if f.level() < Level20 {
		f.absent(prefix+"HSH", len(*hash) > 0)
		f.absent(prefix+"SIG", len(*signature) > 0)
		return
	}
	if f.optional(true) {
		f.binary(prefix+"HSHL", prefix+"HSH", hash)
		f.binary(prefix+"SIGL", prefix+"SIG", signature)
	}
}

// RTR is Ready To Receive, the answer to an end response (RFC 5024 section
// 5.3.15).
type RTR struct{}

// ID returns [IDRTR].
func (RTR) ID() ID { return IDRTR }

// Append implements [Command].
func (c RTR) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutNothing[RTR]) }
