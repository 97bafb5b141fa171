package oftp

import (
	"github.com/ediport/ediport/certstore"
	"github.com/ediport/ediport/internal/trap"
)

// ImportTrustedCerts reads CA certificates from where the setting
// TrustedCertsData points, and replaces TrustedCerts by them, also for listeners
// and sessions that there are. From then on certificates are checked when they are
// loaded; see the setting FailOnUntrustedCert. It takes at most 30 seconds.
//
// P7B files are read besides PEM, DER and base64. Code 691: they cannot be
// imported, and TrustedCerts is as before.
func (s *Server) ImportTrustedCerts() error {
	certs, err := s.house.importTrusted()
	if err != nil {
		return err
	}
	s.SetTrustedCerts(certs)
	return nil
}

// SetTrustedCerts changes the property TrustedCerts, and with it the CAs that
// clients' certificates are checked against in TLS handshakes to come.
func (s *Server) SetTrustedCerts(certs []*certstore.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.TrustedCerts = certs
	s.house.anchors.set(certs)
	s.house.core.SetTrustedCerts(certs)
}

// SetSSLCert changes the certificate for TLS handshakes to come. Code 273: it has
// no key; 275: FailOnUntrustedCert is True, and it is not trusted.
func (s *Server) SetSSLCert(cert *certstore.Certificate) error {
	if err := s.house.vet(candidate{"SSLCert", cert, true}, s.reportDoubt); err != nil {
		return err
	}
	return s.house.core.SetSSLCert(cert)
}

// ValidateCert checks the property Certificate in three steps: it has not
// expired; a certificate in TrustedCerts has issued it, unless it is self-signed;
// the CRL that it names, if any, does not revoke it. True comes without an error,
// and false with one that says what is wrong.
//
// Codes: 280 it has expired or is revoked; 275 no trusted CA has issued it, or
// its CRL cannot be had, which may take ten seconds; 272 there is none.
func (s *Server) ValidateCert() (bool, error) {
	s.mu.Lock()
	s.house.anchors.set(s.TrustedCerts)
	cert := s.Certificate
	s.mu.Unlock()
	return passed(s.house.anchors.validate("Certificate", cert))
}

// ValidateRecipientCert is [Connection.ValidateRecipientCert] of the connection;
// 126: there is none.
func (s *Server) ValidateRecipientCert(connectionID string) (bool, error) {
	return passed(s.on(connectionID, (*Connection).validateRecipients))
}

// vet reads TrustedCerts, and checks the certificates that listening loads.
func (s *Server) vet() error {
	s.mu.Lock()
	s.house.anchors.set(s.TrustedCerts)
	own, ssl := s.Certificate, s.SSLCert
	s.mu.Unlock() // a handler may call Reset
	return s.house.vetOwn(own, ssl, s.reportDoubt)
}

// ImportTrustedCerts is [Server.ImportTrustedCerts] for a client: its
// TrustedCerts hold for the next Logon, and for what the session loads. It must
// not run during Logon.
func (c *Client) ImportTrustedCerts() error {
	certs, err := c.house.importTrusted()
	if err != nil {
		return err
	}
	c.TrustedCerts = certs
	c.house.anchors.set(certs)
	return nil
}

// ValidateCert is [Server.ValidateCert] for a client's property Certificate.
func (c *Client) ValidateCert() (bool, error) {
	c.house.anchors.set(c.TrustedCerts)
	return passed(c.house.anchors.validate("Certificate", c.Certificate))
}

// ValidateRecipientCert is [Connection.ValidateRecipientCert] of the session, or
// of the last one; 10057: there was none.
func (c *Client) ValidateRecipientCert() (bool, error) {
	conn := c.Connection()
	if conn == nil {
		return false, trap.New(trap.CodeNotConnected, "there is no session: call Logon first")
	}
	return conn.ValidateRecipientCert()
}

// vet reads TrustedCerts, and checks the certificates that Logon loads.
func (c *Client) vet() error {
	c.house.anchors.set(c.TrustedCerts)
	return c.house.vetOwn(c.Certificate, c.SSLCert, c.reportDoubt)
}

func (h *house) vetOwn(own, ssl *certstore.Certificate, report func(*trap.Error)) error {
	if err := h.vet(candidate{"Certificate", own, false}, report); err != nil {
		return err
	}
	return h.vet(candidate{"SSLCert", ssl, true}, report)
}

// CertificateUse is the operation that a certificate is for.
type CertificateUse int

// The uses of own certificates (setting CertificateType) and of a recipient's
// (RecipientCertificateType).
const (
	UseForAll            CertificateUse = iota // what has no certificate of its own
	UseForAuthentication                       // secure authentication of the session
	UseForEncryption                           // of a recipient; of own certificates, decryption
	UseForSigning                              // of a recipient, the verification of signatures
	UseForReceipts                             // signed receipts
	useEnd
)

// SetRecipientCert gives the partner's certificate for a use, in PEM, DER or
// base64; an empty one takes it away. It is checked against TrustedCerts, and
// kept for the CMS services: as long as they are not there, only
// ValidateRecipientCert uses it.
//
// Codes: 271, 272 that is no certificate; 275 FailOnUntrustedCert is True, and it
// is not trusted; 10022 there is no such use.
func (c *Connection) SetRecipientCert(use CertificateUse, encoded []byte) error {
	if use < UseForAll || use >= useEnd {
		return trap.New(trap.CodeInvalidArgument, "certificate use %d: use 0 to 4", use)
	}
	var cert *certstore.Certificate
	if len(encoded) > 0 {
		var err error
		if cert, err = certstore.FromEncoded(encoded); err != nil {
			return trap.Wrap(trap.CodeCertStore, err, "RecipientCert")
		}
	}
	if err := c.session.house.vet(candidate{"RecipientCert[" + c.ConnectionID() + "]", cert, false}, c.session.events.reportDoubt); err != nil {
		return err
	}
	c.set(func(s *connState) { s.recipients[use] = cert })
	return nil
}

// RecipientCert is the partner's certificate for a use: the one that was given
// for it, else the one for all uses, else nil.
func (c *Connection) RecipientCert(use CertificateUse) *certstore.Certificate {
	recipients := c.recipients()
	if use > UseForAll && use < useEnd && recipients[use] != nil {
		return recipients[use]
	}
	return recipients[UseForAll]
}

// ValidateRecipientCert checks every certificate that was given with
// SetRecipientCert, as [Server.ValidateCert] does. True comes without an error,
// and false with the first one.
func (c *Connection) ValidateRecipientCert() (bool, error) { return passed(c.validateRecipients()) }

func (c *Connection) validateRecipients() error {
	given := false
	for _, cert := range c.recipients() {
		if cert == nil {
			continue
		}
		given = true
		if err := c.session.house.anchors.validate("RecipientCert", cert); err != nil {
			return err
		}
	}
	if !given {
		return c.session.house.anchors.validate("RecipientCert", nil)
	}
	return nil
}

func (c *Connection) recipients() [useEnd]*certstore.Certificate {
	return get(c, func(s *connState) [useEnd]*certstore.Certificate { return s.recipients })
}

// reportDoubt fires Error for a certificate that was loaded though it is not
// trusted, on the goroutine that loads it. It belongs to no connection's events:
// those of a connection never overlap. A panic of the hook ends there: it would
// only cause the next Error.
func (e *Events) reportDoubt(err *trap.Error) {
	hook := e.OnError
	if hook == nil {
		return
	}
	defer func() { _ = recover() }()
	hook(&ErrorEvent{ErrorCode: err.Code, Description: err.Message})
}

// passed is the result of a validation in the two forms that it has.
func passed(err error) (bool, error) { return err == nil, err }
