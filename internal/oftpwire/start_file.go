package oftpwire

// Format is the record format of a virtual file (RFC 5024 section 1.5.4).
type Format byte

// The file formats of SFIDFMT.
const (
	Unstructured Format = 'U'
	Text         Format = 'T'
	Fixed        Format = 'F'
	Variable     Format = 'V'
)

// String returns the letter.
func (f Format) String() string { return string(rune(f)) }

// SFID is Start File, the speaker's offer of a virtual file (RFC 5024 section
// 5.3.3). The fields from Security to SignedReceipt exist at 2.0 only; at the
// older levels a value other than zero is refused.
type SFID struct {
	Name        string // dataset name, up to 26 octets
	Stamp       Stamp  // in the form of the level, see [Stamp.At]
	UserData    string // up to 8 octets of any kind
	Destination string // identification code of the final recipient
	Originator  string // identification code of the first sender
	Format      Format // of the file before security and compression
	RecordSize  int    // longest record in octets, 0 to 99999

	// Size is an estimate in blocks of 1024 octets of what is transmitted. It
	// is written as the largest number of the field if it is larger than that:
	// 9999999 before 2.0.
	Size         int64
	OriginalSize int64 // the same before security and compression, 0 if unknown; 2.0 only
	Restart      int64 // where the speaker offers to go on, in blocks of 1024 octets or records

	Security      int    // 0 none, 1 encrypted, 2 signed, 3 both
	CipherSuite   int    // 0 none, 1 to 99
	Compression   int    // 0 none, 1 ZLIB
	Envelope      int    // 0 none, 1 CMS
	SignedReceipt bool   // the end response must be signed
	Description   string // UTF-8, up to 999 octets; 2.0 only
}

// ID returns [IDSFID].
func (SFID) ID() ID { return IDSFID }

// Append implements [Command].
func (c SFID) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutSFID) }

func layoutSFID(f form, c *SFID) {
	f.text("SFIDDSN", 26, &c.Name)
	layoutStamp(f, "SFIDRSV1", "SFIDDATE", "SFIDTIME", &c.Stamp)
	f.octets("SFIDUSER", 8, &c.UserData)
	f.text("SFIDDEST", 25, &c.Destination)
	f.text("SFIDORIG", 25, &c.Originator)
	letter(f, "SFIDFMT", "UTFV", &c.Format)
	count(f, "SFIDLRECL", 5, &c.RecordSize)
	if f.level() < Level20 {
		estimate(f, "SFIDFSIZ", 7, &c.Size)
		count(f, "SFIDREST", 9, &c.Restart)
		f.absent("SFIDSEC", c.Security != 0)
		f.absent("SFIDCIPH", c.CipherSuite != 0)
		f.absent("SFIDCOMP", c.Compression != 0)
		f.absent("SFIDENV", c.Envelope != 0)
		f.absent("SFIDSIGN", c.SignedReceipt)
		return
	}
	estimate(f, "SFIDFSIZ", 13, &c.Size)
	estimate(f, "SFIDOSIZ", 13, &c.OriginalSize)
	count(f, "SFIDREST", 17, &c.Restart)
	number(f, "SFIDSEC", 2, 0, 3, &c.Security)
	count(f, "SFIDCIPH", 2, &c.CipherSuite) // Odette has added suites since the RFC
	number(f, "SFIDCOMP", 1, 0, 1, &c.Compression)
	number(f, "SFIDENV", 1, 0, 1, &c.Envelope)
	flag(f, "SFIDSIGN", &c.SignedReceipt)
	f.utf8("SFIDDESCL", "SFIDDESC", &c.Description)
}

// estimate is a count that is cut down to what the field can say.
func estimate(f form, field string, width int, v *int64) {
	*v = min(*v, limit(width))
	count(f, field, width, v)
}

// SFPA is the Start File Positive Answer (RFC 5024 section 5.3.4).
type SFPA struct {
	Restart int64 // where the speaker shall go on: at most SFID's Restart, 0 for the beginning
}

// ID returns [IDSFPA].
func (SFPA) ID() ID { return IDSFPA }

// Append implements [Command].
func (c SFPA) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutSFPA) }

func layoutSFPA(f form, c *SFPA) {
	if f.level() < Level20 {
		count(f, "SFPAACNT", 9, &c.Restart)
		return
	}
	count(f, "SFPAACNT", 17, &c.Restart)
}

// SFNA is the Start File Negative Answer (RFC 5024 section 5.3.5).
type SFNA struct {
	Reason int    // answer reason, two digits
	Retry  bool   // whether the file may be offered again later
	Text   string // the reason in words, up to 999 octets of UTF-8; sent at 2.0 only
}

// ID returns [IDSFNA].
func (SFNA) ID() ID { return IDSFNA }

// Append implements [Command].
func (c SFNA) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutSFNA) }

func layoutSFNA(f form, c *SFNA) {
	count(f, "SFNAREAS", 2, &c.Reason)
	flag(f, "SFNARRTR", &c.Retry)
	reasonText(f, "SFNAREASL", "SFNAREAST", &c.Text)
}
