package tlsconf

import (
	"crypto/tls"
	"strings"
)

// groups are the key exchanges that crypto/tls has. The strength of a hybrid is
// that of its elliptic curve.
var groups = []struct {
	name string
	id   tls.CurveID
	bits int
	only bool // TLS 1.3 only
}{
	{"ecdhe_x25519", tls.X25519, 253, false},
	{"ecdhe_secp256r1", tls.CurveP256, 256, false},
	{"ecdhe_secp384r1", tls.CurveP384, 384, false},
	{"ecdhe_secp521r1", tls.CurveP521, 521, false},
	{"x25519mlkem768", tls.X25519MLKEM768, 253, true},
	{"secp256r1mlkem768", tls.SecP256r1MLKEM768, 256, true},
	{"secp384r1mlkem1024", tls.SecP384r1MLKEM1024, 384, true},
}

// CheckGroups reports whether list is a value for the named setting,
// TLS12SupportedGroups, TLS13SupportedGroups or TLS13KeyShareGroups: names
// separated by commas, or "". The ffdhe groups and X448 are refused with code
// 10045, unknown names with 10022.
func CheckGroups(setting, list string) error {
	_, err := parseGroups(setting, list)
	return err
}

func parseGroups(setting, list string) ([]tls.CurveID, error) {
	var ids []tls.CurveID
	for _, name := range splitList(list, ",") {
		id, err := lookUpGroup(setting, strings.ToLower(name))
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	if ids == nil && strings.TrimSpace(list) != "" {
		return nil, invalid("%s=%q names no group; leave it empty for the usual ones", setting, list)
	}
	return ids, nil
}

func lookUpGroup(setting, name string) (tls.CurveID, error) {
	for _, g := range groups {
		switch {
		case g.name != name:
		case g.only && strings.HasPrefix(setting, "TLS12"):
			return 0, unsupported("%s: %s exists in TLS 1.3 only; use ecdhe_x25519 or ecdhe_secp256r1", setting, name)
		default:
			return g.id, nil
		}
	}
	if name == "ecdhe_x448" || strings.HasPrefix(name, "ffdhe_") {
		return 0, unsupported("%s: crypto/tls does not have %s; use ecdhe_x25519, ecdhe_secp256r1, ecdhe_secp384r1 or ecdhe_secp521r1", setting, name)
	}
	return 0, invalid("%s: %q is not a group; use ecdhe_x25519, ecdhe_secp256r1, ecdhe_secp384r1 or ecdhe_secp521r1", setting, name)
}
