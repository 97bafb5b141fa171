package tlsconf

import (
	"crypto/tls"
	"slices"
)

// protocols are the protocol versions that crypto/tls has, oldest first, with
// their bits in SSLEnabledProtocols.
var protocols = []struct {
	bits int
	id   uint16
	name string
}{
	{192, tls.VersionTLS10, "TLSv1"},
	{768, tls.VersionTLS11, "TLSv1.1"},
	{3072, tls.VersionTLS12, "TLSv1.2"},
	{12288, tls.VersionTLS13, "TLSv1.3"},
}

// sslBits are SSL 2 (12) and SSL 3 (48).
const sslBits = 12 | 48

// CheckProtocols reports whether mask is a value for SSLEnabledProtocols: the
// sum of one or more of 12288, 3072, 768 and 192. SSL 2 (12) and SSL 3 (48) are
// refused with code 10045, other values with 10022.
func CheckProtocols(mask int) error {
	_, err := parseProtocols(mask)
	return err
}

func parseProtocols(mask int) ([]uint16, error) {
	if mask&sslBits != 0 {
		return nil, unsupported("SSLEnabledProtocols=%d enables SSL 2 or SSL 3, which crypto/tls does not have;"+
			" use 3072 (TLS 1.2) and 12288 (TLS 1.3)", mask)
	}
	var ids []uint16
	rest := mask
	for _, p := range protocols {
		if mask&p.bits == p.bits {
			ids = append(ids, p.id)
			rest &^= p.bits
		}
	}
	if rest != 0 || len(ids) == 0 {
		return nil, invalid("SSLEnabledProtocols=%d is not a sum of 12288 (TLS 1.3), 3072 (TLS 1.2), 768 (TLS 1.1) and 192 (TLS 1.0);"+
			" use 15360 for TLS 1.2 and 1.3", mask)
	}
	return ids, nil
}

// versionName returns "TLSv1.2" and the like, or the number in hexadecimal.
func versionName(id uint16) string {
	for _, p := range protocols {
		if p.id == id {
			return p.name
		}
	}
	if id == 0x0300 {
		return "SSLv3"
	}
	return hexName(id)
}

// bounds returns the MinVersion and MaxVersion for a peer that offers the
// given versions, and the version that crypto/tls will choose, 0 for none.
//
// Normally the bounds are the whole enabled range: the mark that warns clients
// of a downgrade (RFC 8446, section 4.1.3) depends on it. Only when crypto/tls
// would choose a version in a hole of the range is the range cut: below the
// hole when the client can go there, else above, which makes crypto/tls answer
// with the alert protocol_version.
func (p *plan) bounds(offered []uint16) (lowest, highest, chosen uint16) {
	lowest, highest = p.versions[0], p.versions[len(p.versions)-1]
	var natural uint16
	for _, v := range offered {
		if v >= lowest && v <= highest {
			natural = max(natural, v)
		}
	}
	if natural == 0 || slices.Contains(p.versions, natural) {
		return lowest, highest, natural
	}
	for _, v := range slices.Backward(p.versions) {
		if v < natural && slices.Contains(offered, v) {
			return lowest, v, v
		}
	}
	above := slices.IndexFunc(p.versions, func(v uint16) bool { return v > natural })
	return p.versions[above], highest, 0
}
