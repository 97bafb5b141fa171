package oftpwire

// EFID is End File (RFC 5024 section 5.3.8). Both counts are those of the whole
// file, even after a restart.
type EFID struct {
	Records int64 // for formats F and V, else 0
	Octets  int64 // before buffer compression, subrecord headers not counted
}

// ID returns [IDEFID].
func (EFID) ID() ID { return IDEFID }

// Append implements [Command].
func (c EFID) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutEFID) }

func layoutEFID(f form, c *EFID) {
	records, octets := 17, 17
	if f.level() < Level20 {
		records, octets = 9, 12
	}
	count(f, "EFIDRCNT", records, &c.Records)
	count(f, "EFIDUCNT", octets, &c.Octets)
}

// EFPA is the End File Positive Answer (RFC 5024 section 5.3.9).
type EFPA struct {
	ChangeDirection bool // the listener asks for its turn
}

// ID returns [IDEFPA].
func (EFPA) ID() ID { return IDEFPA }

// Append implements [Command].
func (c EFPA) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutEFPA) }

func layoutEFPA(f form, c *EFPA) { flag(f, "EFPACD", &c.ChangeDirection) }

// EFNA is the End File Negative Answer (RFC 5024 section 5.3.10).
type EFNA struct {
	Reason int    // answer reason, two digits
	Text   string // the reason in words, up to 999 octets of UTF-8; sent at 2.0 only
}

// ID returns [IDEFNA].
func (EFNA) ID() ID { return IDEFNA }

// Append implements [Command].
func (c EFNA) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutEFNA) }

func layoutEFNA(f form, c *EFNA) {
	count(f, "EFNAREAS", 2, &c.Reason)
	reasonText(f, "EFNAREASL", "EFNAREAST", &c.Text)
}

// CD is Change Direction: the speaker becomes the listener (RFC 5024 section
// 5.3.12).
type CD struct{}

// ID returns [IDCD].
func (CD) ID() ID { return IDCD }

// Append implements [Command].
func (c CD) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutNothing[CD]) }
