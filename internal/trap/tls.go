package trap

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
)

// ofTLS knows what crypto/tls and crypto/x509 return.
func ofTLS(err error) int {
	switch {
	case has[x509.UnknownAuthorityError](err):
		return CodeChainInvalid
	case has[x509.SystemRootsError](err):
		return CodeCertStore
	case has[*tls.CertificateVerificationError](err), has[x509.CertificateInvalidError](err), has[x509.HostnameError](err),
		has[x509.InsecureAlgorithmError](err), has[x509.ConstraintViolationError](err), has[x509.UnhandledCriticalExtension](err):
		return CodeCertInvalid
	case has[tls.RecordHeaderError](err), has[tls.AlertError](err), has[*tls.ECHRejectionError](err):
		return CodeHandshake
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && alertCodes[op.Op] != 0 {
		return ofAlert(op)
	}
	return ofText(innermost(err))
}

// alertCodes says of an alert of either side what it means when a record could
// not be decrypted. The operations of net have other names than these two.
var alertCodes = map[string]int{
	"remote error": CodeEncryption, // the peer could not read what this side wrote
	"local error":  CodeDecryption,
}

// badRecordMAC is how crypto/tls names the alert 20 (RFC 8446, section 6.2).
var badRecordMAC = tls.AlertError(20).Error()

// ofAlert decides by the text: the type of alerts in an [net.OpError] is not
// exported.
func ofAlert(op *net.OpError) int {
	if op.Err.Error() == badRecordMAC {
		return alertCodes[op.Op]
	}
	return CodeHandshake
}

// Most errors of crypto/tls have neither a type nor a value to compare with,
// only this in front.
const (
	fromTLS      = "tls: "
	noClientCert = "tls: client didn't provide a certificate"
)

func ofText(err error) int {
	switch text := err.Error(); {
	case text == noClientCert:
		return CodeClientCertNotFound
	case strings.HasPrefix(text, fromTLS):
		return CodeHandshake
	}
	return 0
}

// innermost is the error at the end of the chain.
func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
