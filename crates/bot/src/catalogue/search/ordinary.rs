//! Words that name nothing for sale.

/// Words of ordinary talk in Indonesian and English, folded, sorted.
const ORDINARY: &str = "\
    a ac ada adakah adalah address admin agak agan agent ah aja akan aku alamat alamatmu alamatnya all \
    am aman an anak and anda angsuran angsurannya another any apa apakah apalagi are area \
    assalamualaikum atas atau available bagaimana bagus baik bandel banding bandingkan bang banget bantu \
    bantuan bantuannya bapak baru batal bawah beda bedanya begini begitu bekas bekasnya beli belum benar \
    berapa berapaan berhenti bersih besar besok best betul bgt biaya bicara big bigger bisa boleh booked \
    booking bos boss bpkb bu buat budget bujet buka bukan bulan bunga but buy cabang can cancel car cari \
    carikan cars cash cek chat cheap cheaper cheapest check cicil cicilan cicilannya close closed coba \
    cocok compare contact cuma dagang dalam dan dana dapat dari datang dealer dealernya deh dengan depan \
    detail detailnya dg dgn di diatas dibanding dibandingkan dibawah dihubungi dijual dimana discount \
    diskon ditawar do dong dp dpnya drive dua dulu eh else email empat enak enggak final fix for foto \
    fotonya from full ga gak gambar gambarnya gan gapapa garansi garansinya gerai gimana gini gitu gmn \
    good got h haha hai halo halus harga harganya hari have hehe hello help hi hm hmm hours how hp \
    hubungi human i in info informasi ingin ini irit is istri it itu iya iyaa jadi jam janjian jelek jg \
    jt jual jualan juga juragan juta jutaan kabari kabarin kak kaka kakak kalau kalo kami kamu kan \
    kantornya kapan karena kasih ke keatas kebawah kecil keep kek keluaran keluarga kemarin kenapa \
    kencang kesana kesini kira kirim kisaran kita klo km kok kondisi kondisinya kontak kredit kreditnya \
    kurang kurangi kurangin kursi lagi lain lainnya lainya laku lanjut leasing lebih lecet lengkap lewat \
    lho liat lihat lihatlihat like lima list location loh lokasi lokasinya lol looking lunas lusa m maaf \
    mahal makasih maks maksimal malam mana mantap manusia many marketing mas masih mau max maximum mbak \
    me mencari mengapa mesin miliar milyar min minat mine minggu minimal minta mobil mobilnya model \
    mohon more much mulai mulus murah my naik nanti nanya nawar need nego net nett new newer newest ngga \
    nggak ngobrol ngomong nih no nomer nomor nuhun number nya nyaman of oh ok okay oke okey older om on \
    one open or orang original orisinil other others oto p pada pagi pajak pajaknya pak paling pas \
    penawaran pengen pengin penumpang per perbedaan permisi pernah person phone photo photos pict \
    picture pictures pilihan ping plat please pls price promo pun punten punya range ready recommend \
    rekomendasi rendah ribu rp rupiah salah salam sales salesnya sama sambungkan sampai sana satu saya \
    seater second sekarang seken sekitar selamat sell semua semuanya sepertinya show showroom siang siap \
    siapa siapakah sih siip silakan simulasi sini sip sir sis situ small smaller sold some sore speak \
    stnk stock stok stop suami sudah suka surat suratnya suwun syarat tadi tahu tahun talk tambah \
    tangguh tanya tapi tau tawar tdk telepon telp tenor terawat terbaru terima terimakasih terjual \
    termurah tes test testdrive testing th thank thanks that the there they this thn thun thx tidak tiga \
    tinggi to toko tolong tolongin tp trade trims tsb tukar tunai turun tutup u uang udah under unit \
    unitnya untuk up usaha used utk very video videonya vs wa waalaikumsalam want warna warnanya we what \
    whats whatsapp when where which who whose why with wkwk wkwkwk ya yah yang year yes yg yoi you your \
    yuk";

fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// Whether a folded word is one of ordinary talk.
pub(super) fn is_ordinary(word: &str) -> bool {
    has(ORDINARY, word)
}

/// Whether something is asked for right after this word: "ada fortuner?".
pub(super) fn asks_for(word: &str) -> bool {
    matches!(
        word,
        "ada"
            | "adakah"
            | "cari"
            | "carikan"
            | "mencari"
            | "punya"
            | "ready"
            | "jual"
            | "minat"
            | "stok"
            | "stock"
            | "have"
            | "sell"
            | "any"
            | "looking"
            | "want"
            | "beli"
            | "buy"
            | "unit"
    )
}

/// Whether a word is the name of a make or model that is sold in Indonesia: no slip for another one, and asked for wherever it
/// stands.
pub(super) fn is_name(word: &str) -> bool {
    has(NAMES, word)
}

/// Names of makes and models, folded. Those that are ordinary words too, such as March, are left out.
const NAMES: &str = "\
    accord aerox agya almaz alphard altis apv audi avanza ayla baleno biante bmw brio brv byd calya \
    camry captiva carens carry chery chevrolet civic confero corolla cortez creta crv cx3 cx5 daihatsu \
    datsun ecosport ertiga ford fortuner freed granmax hiace honda hrv hyundai ignis innova ioniq isuzu \
    jazz jeep jimny juke karimun kawasaki kia kijang kona landcruiser lexus livina luxio mazda mercedes \
    mercy mio mirage mitsubishi mobilio mux nissan nmax odyssey outlander pajero palisade panther pcx \
    peugeot picanto raize ranger rio rocky rush santafe scoopy seltos serena sienta sigra sirion sonet \
    stargazer staria subaru supra suzuki swift terios tiguan toyota trax triton tucson vario vellfire \
    vespa vios vixion volkswagen vw wagonr wuling xenia xforce xl7 xpander yamaha yaris zenix";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_sorted_and_folded() {
        for list in [ORDINARY, NAMES] {
            assert!(list.split(' ').is_sorted_by(|one, other| one < other));
            for word in list.split(' ') {
                assert_eq!(crate::words::words(word), [word]);
            }
        }
    }
}
