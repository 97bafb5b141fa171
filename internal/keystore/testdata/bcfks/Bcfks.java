import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.Collections;
import org.bouncycastle.crypto.util.PBKDF2Config;
import org.bouncycastle.crypto.util.PBKDFConfig;
import org.bouncycastle.crypto.util.ScryptConfig;
import org.bouncycastle.jcajce.BCFKSLoadStoreParameter;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

// Bcfks copies a PKCS #12 store into BCFKS stores with every setting that keytool has no option for.
public class Bcfks {
    static final char[] PASSWORD = "secret".toCharArray();
    static final PBKDFConfig SHA512 = new PBKDF2Config.Builder().withPRF(PBKDF2Config.PRF_SHA512).withIterationCount(1000).withSaltLength(64).build();
    static final PBKDFConfig SHA3 = new PBKDF2Config.Builder().withPRF(PBKDF2Config.PRF_SHA3_512).withIterationCount(1000).withSaltLength(64).build();

    static PBKDFConfig scrypt(int n, int r, int p) {
        return new ScryptConfig.Builder(n, r, p).withSaltLength(20).build();
    }

    public static void main(String[] args) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        KeyStore from = KeyStore.getInstance("PKCS12");
        from.load(new FileInputStream(args[0]), PASSWORD);
        var ccm = BCFKSLoadStoreParameter.EncryptionAlgorithm.AES256_CCM;
        var kwp = BCFKSLoadStoreParameter.EncryptionAlgorithm.AES256_KWP;
        var sha512 = BCFKSLoadStoreParameter.MacAlgorithm.HmacSHA512;
        var sha3 = BCFKSLoadStoreParameter.MacAlgorithm.HmacSHA3_512;
        var none = new BCFKSLoadStoreParameter.Builder();
        write(from, "ccm.bcfks", none.withStorePBKDFConfig(SHA512).withStoreEncryptionAlgorithm(ccm).withStoreMacAlgorithm(sha512));
        write(from, "kwp.bcfks", none.withStorePBKDFConfig(SHA512).withStoreEncryptionAlgorithm(kwp).withStoreMacAlgorithm(sha512));
        write(from, "sha3.bcfks", none.withStorePBKDFConfig(SHA3).withStoreEncryptionAlgorithm(ccm).withStoreMacAlgorithm(sha3));
        write(from, "scrypt.bcfks", none.withStorePBKDFConfig(scrypt(1024, 8, 1)).withStoreEncryptionAlgorithm(ccm).withStoreMacAlgorithm(sha512));
        write(from, "scrypt-kwp.bcfks", none.withStorePBKDFConfig(scrypt(1024, 1, 1)).withStoreEncryptionAlgorithm(kwp).withStoreMacAlgorithm(sha3));
        var signer = (PrivateKey) KeyFactory.getInstance("EC", "BC").translateKey(from.getKey("ec", PASSWORD));
        var chain = new X509Certificate[] {(X509Certificate) from.getCertificate("ec")};
        try (var out = new FileOutputStream("signed.bcfks")) {
            var signed = new BCFKSLoadStoreParameter.Builder(out, signer).withStoreSignatureAlgorithm(BCFKSLoadStoreParameter.SignatureAlgorithm.SHA512withECDSA).withCertificates(chain);
            copy(from, none.build()).store(signed.build());
        }
    }

    static void write(KeyStore from, String name, BCFKSLoadStoreParameter.Builder settings) throws Exception {
        try (var out = new FileOutputStream(name)) {
            copy(from, settings.build()).store(out, PASSWORD);
        }
    }

    static KeyStore copy(KeyStore from, BCFKSLoadStoreParameter settings) throws Exception {
        KeyStore to = KeyStore.getInstance("BCFKS", "BC");
        to.load(settings);
        for (String alias : Collections.list(from.aliases())) {
            if (from.isKeyEntry(alias)) {
                to.setKeyEntry(alias, from.getKey(alias, PASSWORD), PASSWORD, from.getCertificateChain(alias));
            } else {
                to.setCertificateEntry(alias, from.getCertificate(alias));
            }
        }
        return to;
    }
}
