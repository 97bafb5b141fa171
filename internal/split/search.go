package split

import "bytes"

// end finds the first line end that begins at the offset from or later. When
// there is no whole one, at is the first offset at which one may still begin:
// that of a proper prefix of the end at the very end of data, or len(data).
func (m Mode) end(data []byte, from int) (at int, whole bool) {
	if m.SingleLine {
		return endOfSingleLine(data, from)
	}
	if i := bytes.Index(data[from:], []byte(m.EOL)); i >= 0 {
		return from + i, true
	}
	at = max(from, len(data)-len(m.EOL)+1)
	for m.EOL[:len(data)-at] != string(data[at:]) {
		at++
	}
	return at, false
}

// stride is how far CR and LF are searched at a time. Text has only one of
// them, or both together: a search for the other one through all of data would
// be repeated for every line.
const stride = 256

func endOfSingleLine(data []byte, from int) (at int, whole bool) {
	for ; from < len(data); from += stride {
		part := data[from:min(from+stride, len(data))]
		lf := bytes.IndexByte(part, '\n')
		if lf >= 0 {
			part = part[:lf]
		}
		if cr := bytes.IndexByte(part, '\r'); cr >= 0 {
			return from + cr, true
		}
		if lf >= 0 {
			return from + lf, true
		}
	}
	return len(data), false
}
