package journal

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"time"
)

// version is the first octet of every record in a file. Whoever changes the
// fields of a record, or their order, counts it up and still reads the old one.
const version = 1

// A record in a file is a key and a value. Texts are preceded by their length,
// so no key is the beginning of another. The value is the version, the fields,
// and a checksum of four octets over key and value: the store below has none,
// and a receipt with a flipped bit would acknowledge another file.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const checksumSize = 4

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

func keyOf(r interface{ key(fields) }) []byte {
	var w writer
	r.key(&w)
	return w
}

func encode(r record) (key, value []byte) {
	key = keyOf(r)
	w := writer{version}
	r.rest(&w)
	return key, binary.BigEndian.AppendUint32(w, checksum(key, w))
}

// decode reads a record, which keeps nothing of key and value.
func decode[T any, P interface {
	*T
	record
}](key, value []byte) (T, error) {
	var zero, t T
	switch {
	case len(value) < 1+checksumSize:
		return zero, corrupt("a record of %d octets", len(value))
	case value[0] != version:
		return zero, corrupt("a record of version %d, which only a newer program can read", value[0])
	}
	body, sum := value[:len(value)-checksumSize], value[len(value)-checksumSize:]
	if binary.BigEndian.Uint32(sum) != checksum(key, body) {
		return zero, corrupt("a record whose checksum is wrong")
	}
	k, v := reader{rest: key}, reader{rest: body[1:]}
	P(&t).key(&k)
	P(&t).rest(&v)
	if !k.whole() || !v.whole() {
		return zero, corrupt("a record that does not have the fields it should")
	}
	if err := P(&t).valid(); err != nil {
		return zero, corrupt("a record out of its limits: %w", err)
	}
	return t, nil
}

// writer is the visitor that appends fields.
type writer []byte

func (w *writer) text(_ string, s *string) {
	*w = append(binary.AppendUvarint(*w, uint64(len(*s))), *s...)
}

func (w *writer) octets(_ string, b *[]byte) {
	*w = append(binary.AppendUvarint(*w, uint64(len(*b))), *b...)
}

func (w *writer) number(_ string, n *int)  { *w = binary.AppendUvarint(*w, uint64(*n)) }
func (w *writer) count(_ string, n *int64) { *w = binary.AppendUvarint(*w, uint64(*n)) }
func (w *writer) ordinal(n *uint64)        { *w = binary.BigEndian.AppendUint64(*w, *n) }

func (w *writer) flag(b *bool) {
	var octet byte
	if *b {
		octet = 1
	}
	*w = append(*w, octet)
}

// moment keeps any time, the zero one too, to the nanosecond.
func (w *writer) moment(t *time.Time) {
	*w = binary.AppendVarint(*w, t.Unix())
	*w = binary.AppendUvarint(*w, uint64(t.Nanosecond()))
}

// reader is the visitor that takes fields from the front of what is left. After
// the first fault all fields are zero.
type reader struct {
	rest []byte
	bad  bool
}

// whole reports whether the fields were good and nothing is left.
func (r *reader) whole() bool { return !r.bad && len(r.rest) == 0 }

// take returns the next n octets, nil when there are fewer.
func (r *reader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// uvarint reads a number of at most that size.
func (r *reader) uvarint(most uint64) uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > most {
		r.bad = true
		return 0
	}
	r.take(uint64(size))
	return n
}

func (r *reader) text(_ string, s *string) { *s = string(r.take(r.uvarint(maxOctets))) }

func (r *reader) octets(_ string, b *[]byte) {
	if taken := r.take(r.uvarint(maxOctets)); len(taken) > 0 {
		*b = bytes.Clone(taken)
	}
}

func (r *reader) number(_ string, n *int)  { *n = int(r.uvarint(math.MaxInt32)) }
func (r *reader) count(_ string, n *int64) { *n = int64(r.uvarint(math.MaxInt64)) }

func (r *reader) ordinal(n *uint64) {
	if octets := r.take(8); octets != nil {
		*n = binary.BigEndian.Uint64(octets)
	}
}

func (r *reader) flag(b *bool) {
	octet := r.take(1)
	switch {
	case octet == nil:
	case octet[0] > 1:
		r.bad = true
	default:
		*b = octet[0] == 1
	}
}

func (r *reader) moment(t *time.Time) {
	seconds, size := binary.Varint(r.rest)
	if size <= 0 {
		r.bad = true
		return
	}
	r.take(uint64(size))
	nanos := int64(r.uvarint(uint64(time.Second - 1)))
	*t = time.Unix(seconds, nanos).UTC()
}
