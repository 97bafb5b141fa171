package certstore

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxStore is the largest store that is read. The largest in use, the
// certificate bundles of operating systems, are under 1 MiB.
const maxStore = 16 << 20

// parser reads the contents of a store in one format.
type parser func(data []byte, pw passwords) (contents, error)

// passwords are those that a format may need.
type passwords struct {
	store, key string
}

// fileOf opens a store that is given by its file name.
func fileOf(parse parser) opener {
	return func(s Source) (contents, error) {
		data, err := readFile(s.Store)
		if err != nil {
			return contents{}, err
		}
		return parse(unwrap(data), passwords{s.Password, s.keyPassword()})
	}
}

// blobOf opens a store that is given by its contents.
func blobOf(parse parser) opener {
	return func(s Source) (contents, error) {
		if len(s.Store) > maxStore {
			return contents{}, errTooLarge
		}
		return parse(unwrap([]byte(s.Store)), passwords{s.Password, s.keyPassword()})
	}
}

var errTooLarge = fmt.Errorf("larger than the limit of %d MiB", maxStore>>20)

// readFile reads a whole file of bounded size. Its errors leave the name out:
// who calls knows whether it may be shown.
func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxStore+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(data) > maxStore {
		return nil, errTooLarge
	}
	return data, nil
}

func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

var pemMarker = []byte("-----BEGIN ")

// unwrap removes Base64 around a binary format or around PEM text. What is
// not Base64 stays as it is.
func unwrap(data []byte) []byte {
	if bytes.Contains(data, pemMarker) || isSequence(data) {
		return data
	}
	text := strings.TrimRight(strings.Join(strings.Fields(string(data)), ""), "=")
	plain, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(plain) == 0 {
		return data
	}
	return plain
}

// isSequence reports whether data starts like a DER SEQUENCE. In Base64 text
// the octet 0x30 is the digit 0, which no SEQUENCE in Base64 starts with.
func isSequence(data []byte) bool { return len(data) > 0 && data[0] == 0x30 }

// looksLikeName reports whether a store's text may appear in an error message:
// it is short, on one line, has a character that Base64 has not, and none that
// begins JSON, XML or PEM; and it is no URI with a PIN (RFC 7512, section 2.4).
func looksLikeName(store string) bool {
	const longest = 255
	return len(store) <= longest &&
		strings.ContainsAny(store, `.:\_-`) &&
		!strings.ContainsAny(store, `{<"`) &&
		!strings.ContainsFunc(store, func(r rune) bool { return r < ' ' || r == '\uFFFD' }) &&
		!strings.Contains(store, string(pemMarker)) &&
		!strings.Contains(strings.ToLower(store), "pin-value")
}
