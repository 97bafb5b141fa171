package oftpwire

// Command is one command of the protocol, as a value of the struct that bears
// its abbreviation: SSID, not *SSID, is what [Parse] returns.
type Command interface {
	// ID returns the command identifier.
	ID() ID

	// Append adds the exchange buffer, without stream transmission header, in
	// the layout of level l. It returns b unchanged with an [*Error] for a value
	// that the field cannot hold. Nothing is cut to fit but reason texts and
	// descriptions, which end at 999 octets; parts that level l has no field for
	// are left out if they are only information (texts, the original size), and
	// refused if leaving them out would promise less than was asked for (hashes,
	// signatures, file security).
	Append(b []byte, l Level) ([]byte, error)
}

var parsers = map[ID]func(*reader) Command{
	IDSSRM: parser(layoutSSRM),
	IDSSID: parser(layoutSSID),
	IDSFID: parser(layoutSFID),
	IDSFPA: parser(layoutSFPA),
	IDSFNA: parser(layoutSFNA),
	IDDATA: parser(layoutDATA),
	IDCDT:  parser(layoutCDT),
	IDEFID: parser(layoutEFID),
	IDEFPA: parser(layoutEFPA),
	IDEFNA: parser(layoutEFNA),
	IDESID: parser(layoutESID),
	IDCD:   parser(layoutNothing[CD]),
	IDEERP: parser(layoutEERP),
	IDNERP: parser(layoutNERP),
	IDRTR:  parser(layoutNothing[RTR]),
	IDSECD: parser(layoutNothing[SECD]),
	IDAUCH: parser(layoutAUCH),
	IDAURP: parser(layoutAURP),
}

func parser[C Command](layout func(form, *C)) func(*reader) Command {
	return func(r *reader) Command {
		var c C
		layout(r, &c)
		return c
	}
}

// layoutNothing is the layout of the commands that are only an identifier.
func layoutNothing[C Command](form, *C) {}

// Parse reads one exchange buffer, without its stream transmission header, in
// the layout of level l. All errors are of type [*Error]. The command keeps no
// part of b, except that the payload of [DATA] is b itself.
//
// Parse tolerates what peers in the field send: a carriage return that is
// missing, 8D or 0A; spaces and line ends after the end of a command; numbers
// padded with spaces; y and n; texts of negative answers at levels that have
// none; responses of level 2.0 without hash and signature. Start Session and End
// Session have the same form at all levels, so that they can be read before the
// level is agreed.
func Parse(l Level, b []byte) (Command, error) {
	if len(b) == 0 {
		return nil, &Error{Reason: reasonBufferSize, Detail: "the exchange buffer is empty"}
	}
	id := ID(b[0])
	if !id.knownAt(l) {
		return nil, &Error{Reason: reasonUnknownCommand, Command: id, Detail: "no command of " + l.String()}
	}
	r := &reader{sheet: sheet{id: id, lvl: l}, b: b, pos: 1}
	c := parsers[id](r)
	r.finish()
	if r.err != nil {
		return nil, r.err
	}
	return c, nil
}

// write appends c in the layout of level l.
func write[C Command](b []byte, l Level, c C, layout func(form, *C)) ([]byte, error) {
	id := c.ID()
	if !id.knownAt(l) {
		return b, &Error{Reason: reasonUnknownCommand, Command: id, Detail: "no command of " + l.String()}
	}
	w := &writer{sheet: sheet{id: id, lvl: l}, b: append(b, byte(id))}
	layout(w, &c)
	if n := len(w.b) - len(b); n > MaxCommand {
		w.fail(reasonBufferSize, "", "%d octets are more than a stream transmission buffer holds", n)
	}
	if w.err != nil {
		return b, w.err
	}
	return w.b, nil
}
