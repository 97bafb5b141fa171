package oftpwire

// ESID is End Session (RFC 5024 section 5.3.11).
type ESID struct {
	Reason int    // reason code, two digits; 0 is the normal end
	Text   string // the reason in words, up to 999 octets of UTF-8; sent at 2.0 only
}

// ID returns [IDESID].
func (ESID) ID() ID { return IDESID }

// Append implements [Command].
func (c ESID) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutESID) }

func layoutESID(f form, c *ESID) {
	count(f, "ESIDREAS", 2, &c.Reason)
	reasonText(f, "ESIDREASL", "ESIDREAST", &c.Text)
	f.carriageReturn()
}
