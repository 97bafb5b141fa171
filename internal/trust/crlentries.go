package trust

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidReasonCode        = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidCertificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
)

// removeFromCRL takes an earlier entry back, and so revokes nothing.
const removeFromCRL = 8

var errEntry = errors.New("it has a broken entry")

// readEntries reads the entries of a CRL and sorts them by serial number. It
// leaves out what can be no certificate's: serial numbers that are negative or
// too long.
func readEntries(all cryptobyte.String) (entries []crlEntry, err error) {
	for !all.Empty() {
		var entry, number cryptobyte.String
		if !all.ReadASN1(&entry, der.SEQUENCE) || !entry.ReadASN1(&number, der.INTEGER) || len(number) == 0 || !skipTime(&entry) {
			return nil, errEntry
		}
		reason, err := readReason(entry)
		if err != nil {
			return nil, err
		}
		s, ok := newSerial(number)
		if ok && number[0] < 0x80 && reason != removeFromCRL {
			entries = append(entries, crlEntry{s, reason})
		}
	}
	slices.SortFunc(entries, func(a, b crlEntry) int { return a.compare(b.serial) })
	return slices.Clip(entries), nil
}

// readReason reads the extensions of an entry, which may be missing (RFC 5280,
// section 5.3).
func readReason(entry cryptobyte.String) (reason uint8, err error) {
	if entry.Empty() {
		return 0, nil
	}
	var extensions cryptobyte.String
	if !entry.ReadASN1(&extensions, der.SEQUENCE) || !entry.Empty() {
		return 0, errEntry
	}
	for !extensions.Empty() {
		id, critical, value, ok := readExtension(&extensions)
		switch {
		case !ok:
			return 0, errEntry
		case id.Equal(oidReasonCode):
			var code int
			if !value.ReadASN1Enum(&code) || code < 0 || code > 0xff {
				return 0, errEntry
			}
			reason = uint8(code)
		case id.Equal(oidCertificateIssuer):
			return 0, errIndirect
		case critical:
			return 0, fmt.Errorf("an entry has the critical extension %v, which is not known here", id)
		}
	}
	return reason, nil
}

func readExtension(s *cryptobyte.String) (id asn1.ObjectIdentifier, critical bool, value cryptobyte.String, ok bool) {
	var extension cryptobyte.String
	ok = s.ReadASN1(&extension, der.SEQUENCE) &&
		extension.ReadASN1ObjectIdentifier(&id) &&
		readFlag(&extension, &critical, der.BOOLEAN) &&
		extension.ReadASN1(&value, der.OCTET_STRING) &&
		extension.Empty()
	return id, critical, value, ok
}
