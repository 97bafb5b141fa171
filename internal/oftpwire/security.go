package oftpwire

// SECD is Security Change Direction: the other side shall challenge (RFC 5024
// section 5.3.16). Like [AUCH] and [AURP] it exists at 2.0 only.
type SECD struct{}

// ID returns [IDSECD].
func (SECD) ID() ID { return IDSECD }

// Append implements [Command].
func (c SECD) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutNothing[SECD]) }

// AUCH is the Authentication Challenge (RFC 5024 section 5.3.17).
type AUCH struct {
	Challenge []byte // CMS EnvelopedData over 20 random octets
}

// ID returns [IDAUCH].
func (AUCH) ID() ID { return IDAUCH }

// Append implements [Command].
func (c AUCH) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutAUCH) }

func layoutAUCH(f form, c *AUCH) { f.binary("AUCHCHLL", "AUCHCHAL", &c.Challenge) }

// AURP is the Authentication Response (RFC 5024 section 5.3.18).
type AURP struct {
	Response [20]byte // the challenge, decrypted
}

// ID returns [IDAURP].
func (AURP) ID() ID { return IDAURP }

// Append implements [Command].
func (c AURP) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutAURP) }

func layoutAURP(f form, c *AURP) { f.raw("AURPRSP", c.Response[:]) }
