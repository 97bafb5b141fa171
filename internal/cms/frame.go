package cms

import "bytes"

// layer is an element around the content, with what comes before and after it.
type layer struct {
	id     byte
	before []byte
	after  []byte
}

// frame is everything of a package but its content, from the outermost element.
type frame struct {
	layers  []layer
	content byte  // identifier of the primitive content, 0 for none
	size    int64 // of the content, or indefinite
}

// newFrame begins a ContentInfo of a type, with layers inside.
func newFrame(t ContentType, layers ...layer) (*frame, error) {
	oid, err := marshal(t.oid())
	return &frame{layers: append([]layer{{id: idSequence, before: oid}, {id: idExplicit0}}, layers...), size: indefinite}, err
}

// head returns the octets before the content.
func (f *frame) head() []byte {
	if f.size == indefinite {
		var b []byte
		for _, l := range f.layers {
			b = append(append(b, l.id, 0x80), l.before...)
		}
		return append(b, f.content|constructed, 0x80)
	}
	var b []byte
	f.visit(func(head []byte) { b = append(head, b...) })
	return b
}

// length is how many octets a package of definite lengths has.
func (f *frame) length() int64 { return f.visit(func([]byte) {}) }

// visit calls with what stands before the content of each layer, from the
// innermost, and returns the length of all.
func (f *frame) visit(call func(head []byte)) (length int64) {
	if f.content != 0 {
		head := appendHeader(nil, f.content, f.size)
		call(head)
		length = int64(len(head)) + f.size
	}
	for i := len(f.layers) - 1; i >= 0; i-- {
		l := f.layers[i]
		length += int64(len(l.before) + len(l.after))
		head := append(appendHeader(nil, l.id, length), l.before...)
		call(head)
		length += int64(len(head) - len(l.before))
	}
	return length
}

// tail returns the octets after the content.
func (f *frame) tail() []byte {
	var end []byte // of contents
	if f.size == indefinite {
		end = []byte{0, 0}
	}
	b := bytes.Clone(end)
	for i := len(f.layers) - 1; i >= 0; i-- {
		b = append(append(b, f.layers[i].after...), end...)
	}
	return b
}

// appendHeader writes an identifier and a length (X.690, section 10.1).
func appendHeader(b []byte, id byte, length int64) []byte {
	b = append(b, id)
	if length < 0x80 {
		return append(b, byte(length))
	}
	n := 1
	for length>>(8*n) > 0 {
		n++
	}
	b = append(b, 0x80|byte(n))
	for n--; n >= 0; n-- {
		b = append(b, byte(length>>(8*n)))
	}
	return b
}

// element is a whole element.
func element(id byte, contents ...[]byte) []byte {
	all := bytes.Join(contents, nil)
	return append(appendHeader(nil, id, int64(len(all))), all...)
}
