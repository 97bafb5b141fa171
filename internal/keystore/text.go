package keystore

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
)

// maxText bounds the formats that are text, and so the number of keys in one
// of them that have to be checked: the worst mixture costs about a second.
const maxText = 512 << 10

// trimText takes a byte order mark and white space off the start of a text.
func trimText(data []byte) ([]byte, error) {
	if len(data) > maxText {
		return nil, fmt.Errorf("larger than the limit of %d KiB", maxText>>10)
	}
	return bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\uFEFF")), " \t\r\n"), nil
}

// lineReader takes a text apart at its line ends: LF, CR LF or CR.
type lineReader struct {
	rest   []byte
	number int // of the line that was read last
}

// next returns one line; ok is false at the end of the text.
func (r *lineReader) next() (line []byte, ok bool) {
	if len(r.rest) == 0 {
		return nil, false
	}
	r.number++
	end := bytes.IndexAny(r.rest, "\r\n")
	if end < 0 {
		line, r.rest = r.rest, nil
		return line, true
	}
	line = r.rest[:end]
	if bytes.HasPrefix(r.rest[end:], []byte("\r\n")) {
		end++
	}
	r.rest = r.rest[end+1:]
	return line, true
}

// base64Reader decodes the values of a text; its first error stays.
type base64Reader struct {
	encoding *base64.Encoding // without padding, which is cut off if it is there
	err      error
}

// octets decodes the value of that name.
func (r *base64Reader) octets(name, value string) []byte {
	value = strings.Join(strings.Fields(value), "")
	octets, err := r.encoding.DecodeString(strings.TrimRight(value, "="))
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("%s: %w", name, err)
	}
	return octets
}

// number decodes a number of that name; it is nil if the value is empty.
func (r *base64Reader) number(name, value string) *big.Int {
	if value == "" {
		return nil
	}
	return new(big.Int).SetBytes(r.octets(name, value))
}
