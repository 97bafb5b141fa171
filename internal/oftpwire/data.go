package oftpwire

// DATA is a data exchange buffer (RFC 5024 section 5.3.6). A listener that wants
// no allocation for each need not call [Parse]: behind the identifier [IDDATA] the
// rest of the exchange buffer is the payload.
type DATA struct {
	// Payload holds the subrecords, see [Split]. After [Parse] it is a part of
	// the parsed buffer, not a copy.
	Payload []byte
}

// ID returns [IDDATA].
func (DATA) ID() ID { return IDDATA }

// Append implements [Command]. A speaker with much to send saves the copy by
// writing the identifier itself and letting [AppendRecord] fill the buffer.
func (c DATA) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutDATA) }

func layoutDATA(f form, c *DATA) { f.rest(&c.Payload) }

// CDT is Set Credit: the listener allows as many buffers as were agreed, again
// (RFC 5024 section 5.3.7).
type CDT struct{}

// ID returns [IDCDT].
func (CDT) ID() ID { return IDCDT }

// Append implements [Command].
func (c CDT) Append(b []byte, l Level) ([]byte, error) { return write(b, l, c, layoutCDT) }

func layoutCDT(f form, _ *CDT) { f.reserved("CDTRSV1", 2) }
